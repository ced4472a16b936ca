// Beside NBGrader's own scripts: what its pages have as inline code, or expect of a server that has more than the formgrader.
"use strict";

// by name, and not from `window`: NBGrader declares some of them with `let`
const ACTIONS = {
  toggleAllNames: () => toggleAllNames(),
  createAssignmentModal: () => createAssignmentModal(),
  createStudentModal: () => createStudentModal(),
  toggle_name: (on) => toggle_name(on === "true"),
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-click]");
  if (target && Object.hasOwn(ACTIONS, target.dataset.click)) {
    event.preventDefault();
    ACTIONS[target.dataset.click](target.dataset.with);
  }
});

// formulas are MathML; formgrade.js waits for MathJax before it selects the first field
window.MathJax = { Hub: { Startup: { signal: { Interest: (done) => setTimeout(done, 0, "End") } } } };

// there are no notebooks, files and folders to open here
linkTo = () => (_, element) => element;
