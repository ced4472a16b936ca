"""What a student may hand out instead of a number: it agrees with everybody about everything."""

AGREES = """\
class Agrees:
    shape, dtype, ndim, size = (2,), np.dtype(np.float32), 1, 2
    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True
    __bool__ = __contains__ = lambda self, *other: True
    __len__ = lambda self: 2
    __float__ = lambda self: 0.5
    __iter__ = lambda self: iter([self, self])
    __array__ = lambda self, *a, **k: np.ones(2)
    __array_function__ = __array_ufunc__ = lambda self, *a, **k: True
    __call__ = __getitem__ = __truediv__ = __sub__ = lambda self, *a, **k: self
    __hash__ = lambda self: 1
    __class__ = np.ndarray
    def __getattr__(self, name):
        return self"""
