"""The file of the mutation scores: how many planted faults the judge has caught."""

import json
from pathlib import Path

from samplegen.errors import SamplegenError
from samplegen.outputs import MutationScores
from samplegen.yamlfile import adapter


def read(path: Path) -> MutationScores | None:
    """The scores kept in a file, if there is one.

    Raises:
        SamplegenError: The file is damaged.
    """
    try:
        scores: MutationScores = adapter(MutationScores).validate_python(
            json.loads(path.read_text(encoding="utf-8"))
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        cause = str(error).splitlines()[0]
        message = f"{path}: not a file of mutation scores; remove it and make it anew: {cause}"
        raise SamplegenError(message) from error
    return scores
