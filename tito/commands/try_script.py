"""tito try"""

from pathlib import Path

import typer

from tito.place import find_place

Script = typer.Argument(..., metavar="SCRIPT", help="A Python script that imports torch.")
Arguments = typer.Argument(None, metavar="[-- ARGS]...", help="The script's own arguments, after --.")


def try_script(
    script: Path = Script,
    arguments: list[str] = Arguments,
    compare: bool = typer.Option(False, "--compare", help="Run it with PyTorch as well, and compare step by step."),
) -> None:
    """Run a PyTorch script on your own tinytorch. The script stays as it is: `torch`, `torch.nn`, `torch.optim`,
    `torch.utils.data`, `torchvision.transforms` and `torchvision.datasets` are your modules. If it uses a name that you don't
    have, nothing runs, and you read the line, the name, and the module that brings it.

    With --compare, it also runs with PyTorch, on the same random numbers and initial weights, and you read the first step at
    which the losses part and the layer whose output differs. PyTorch must be installed.
    """
    from tito import torch_scripts

    place = find_place()
    torch_scripts.refuse_unreadable(script)
    if compare:
        torch_scripts.refuse_without_pytorch()
    typer.echo(f"{place.whose_tinytorch}\n")
    if not compare:
        raise typer.Exit(torch_scripts.run(script, arguments or [], place))
    code, report = torch_scripts.compare(script, arguments or [], place)
    typer.echo(f"\n{report}")
    raise typer.Exit(code)
