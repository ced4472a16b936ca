"""tito system info | doctor"""

import typer

from tito.console import paint, table

app = typer.Typer(help="What is installed, and what is wrong.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def info() -> None:
    """What is installed, and which tinytorch is imported from where."""
    from tito import system

    typer.echo(table(("", ""), system.info()).lstrip())


@app.command()
def doctor() -> None:
    """Look for what is wrong, and print the line that mends it. Exit 1 when something is."""
    from tito import system

    findings = system.doctor()
    for finding in findings:
        typer.echo(
            f"{paint('WRONG', 'red') if finding.mend else paint('ok', 'green'):<5}  {finding.what}: {finding.state}"
        )
        if finding.mend:
            typer.echo(f"       mend it with: {finding.mend}")
    wrong = sum(bool(finding.mend) for finding in findings)
    typer.echo(
        f"\n{wrong} of {len(findings)} checks found something wrong."
        if wrong
        else f"\nAll {len(findings)} checks are fine."
    )
    raise typer.Exit(1 if wrong else 0)
