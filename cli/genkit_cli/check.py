"""`genkit check`: proves what a recipe or run must fulfil."""

from __future__ import annotations

from typing import Any

import click

from genkit_cli import output
from genkit_cli.options import allow_import_option, json_option


@click.command()
@click.argument("reference", metavar="RECIPE|RUN")
@allow_import_option
@json_option
@click.pass_context
def command(context: click.Context, reference: str, as_json: bool) -> None:
    """Prove causality, receptive field, equality of samplers, saving and loading.

    The measured value of each check is shown beside its limit; a failed check exits 1.
    """
    from genkit.opening import open_any
    from genkit_cli.bars import Bars

    bars = Bars()
    try:
        recipe, learner = open_any(reference, bars)

        from genkit.conformance.learner import learner_checks, skipped_backend

        checks = [*learner.checks(), *learner_checks(recipe, learner)]
        rows = _run(checks, bars)
    finally:
        bars.close()
    skipped = skipped_backend()
    if skipped:
        output.warn(f"not checked: going on with the other backend, because {skipped}")
    passed = all(row["passed"] for row in rows)
    if as_json:
        output.emit({"checks": rows, "passed": passed, "skipped": [skipped] if skipped else []})
    else:
        output.show(output.table([_line(row) for row in rows]))
        failed = sum(not row["passed"] for row in rows)
        output.say(f"{len(rows) - failed} passed, {failed} failed")
    context.exit(0 if passed else 1)


def _run(checks: list[Any], bars: Any) -> list[dict[str, Any]]:
    rows = []
    bars.start("check", len(checks), "check")
    for check in checks:
        value = float(check.run())
        # NaN fails: no comparison with it holds.
        rows.append(
            {
                "name": check.name,
                "value": value,
                "limit": check.limit,
                "passed": bool(value <= check.limit),
            }
        )
        bars.advance()
    bars.finish()
    return rows


def _line(row: dict[str, Any]) -> tuple[str, str, str, str]:
    state = "ok" if row["passed"] else "FAILED"
    return state, row["name"], f"{row['value']:.3g}", f"(limit {row['limit']:.3g})"
