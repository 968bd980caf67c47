"""Where a WaveNet of linguistic features does not fit its data or its inputs. Light: no Keras."""

from __future__ import annotations

from typing import Any

from genkit.errors import GenkitError, unknown
from genkit.models.speech_prosody.config import speech_conflicts

# Inputs of a run that speaks, and the families that they are of.
SPEAKING = {
    "durations": "speech_durations",
    "pitch": "speech_pitch",
    "envelope": "speech_envelope",
}


def speaking_conflicts(config: Any, recipe: Any) -> list[tuple[str, str]]:
    """Where a model of linguistic features does not fit its data or its inputs."""
    local, inputs = config.local, recipe.inputs
    if local is None or local.features != "linguistic":
        return [(f"inputs.{name}", "is for linguistic features only") for name in inputs]
    found = speech_conflicts(recipe.data)
    if "pitch" in inputs and not local.pitch:
        found.append(("inputs.pitch", "is for models with local.pitch"))
    if "envelope" in inputs and not local.prediction:
        found.append(("inputs.envelope", "is for models with local.prediction"))
    for name in inputs:
        if name not in SPEAKING:
            found.append((f"inputs.{name}", unknown("input", name, SPEAKING)))
        elif not found:
            found += _input_conflicts(recipe, name)
    if local.prediction and "envelope" not in inputs:
        says = "needs a run that tells the predictors: inputs: {envelope: RUN}"
        found.append(("model.local.prediction", says))
    return found


def _input_conflicts(recipe: Any, name: str) -> list[tuple[str, str]]:
    """An input must tell frames of the same length, of the same phones."""
    from genkit.building import input_recipe

    try:
        other = input_recipe(recipe.inputs[name])
    except GenkitError:
        return []  # told when the run is opened; a recipe may come before its inputs
    if other.family != SPEAKING[name]:
        says = f"must be a run of {SPEAKING[name]}. Received: a run of {other.family}"
        return [(f"inputs.{name}", says)]
    found = []
    own, its = recipe.model.local.hop / recipe.data.sample_rate, other.model.hop
    if abs(own - its / other.data.sample_rate) > 1e-9:
        says = f"has frames of {1000 * its / other.data.sample_rate:g} ms, this model of"
        found.append((f"inputs.{name}", f"{says} {1000 * own:g} ms"))
    if other.data.phone_set() != recipe.data.phone_set():
        found.append((f"inputs.{name}", "knows other phones than this model's data has"))
    if name == "envelope":
        found += _code_conflicts(recipe.model, other.model)
    return found + _told_conflicts(recipe, name, other)


def _code_conflicts(model: Any, other: Any) -> list[tuple[str, str]]:
    """Envelopes must be those of the codes that the model tells."""
    found = []
    pairs = [
        ("order", other.order, "local.prediction", model.local.prediction),
        ("levels", other.levels, "levels", model.levels),
        ("emphasis", other.emphasis, "emphasis", model.emphasis),
    ]
    for name, its, own_name, own in pairs:
        if its != own:
            says = f"has {name} {its:g}, and model.{own_name} is {own:g}: they must be the same"
            found.append(("inputs.envelope", says))
    return found


def _told_conflicts(recipe: Any, name: str, other: Any) -> list[tuple[str, str]]:
    """What steers an input steers the model as well, or has a single value, which its data has."""
    found = []
    own, every = recipe.model.names(recipe.data), recipe.data.vocabulary()
    for attribute, values in other.model.names(other.data).items():
        if attribute in own and own[attribute] == values:
            continue
        if attribute in own or len(values) > 1 or every.get(attribute, values) != values:
            says = f"is steered by {attribute} ({', '.join(values)}), which this model is not"
            found.append((f"inputs.{name}", says))
    return found
