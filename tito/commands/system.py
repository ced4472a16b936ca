"""tito system info | doctor"""

import typer

from tito.console import paint, table

app = typer.Typer(help="Check the installation.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def info() -> None:
    """Show versions, and which tinytorch is imported."""
    from tito import system

    typer.echo(table(("", ""), system.info()).lstrip())


@app.command()
def doctor() -> None:
    """Find problems and print the command that fixes each. Exits with 1 if there are any."""
    from tito import system

    findings = system.doctor()
    for finding in findings:
        typer.echo(
            f"{paint('WRONG', 'red') if finding.fix else paint('ok   ', 'green')}  {finding.what}: {finding.state}"
        )
        if finding.fix:
            typer.echo(f"       Fix: {finding.fix}")
    wrong = sum(bool(finding.fix) for finding in findings)
    typer.echo(
        f"\n{wrong} of {len(findings)} checks found a problem." if wrong else f"\nAll {len(findings)} checks passed."
    )
    raise typer.Exit(1 if wrong else 0)
