"""A study: many runs as resumable cells, and one table.

The folder of a study holds `cells/<cell>/`, each an ordinary run directory, `inputs/` with the
runs that cells depend on, `results.json`, `table.csv` and `table.md`. Running it again does what
is missing or has failed.
"""

from genkit.study.folder import study_folder
from genkit.study.inputs import cell_recipe, cell_signature, check_inputs
from genkit.study.running import StudyResult, raise_for_failures, run_study

__all__ = [
    "StudyResult",
    "cell_recipe",
    "cell_signature",
    "check_inputs",
    "raise_for_failures",
    "run_study",
    "study_folder",
]
