"""All targets, by name. A new file of targets is added here, in one line."""

from tests.fuzzing import clips, data, datasets, environments, files, folders, made, memories, runs, structures, texts, verbs
from tests.fuzzing.campaign import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *verbs.TARGETS,
        *texts.TARGETS,
        *memories.TARGETS,
        *files.TARGETS,
        *structures.TARGETS,
        *data.TARGETS,
        *runs.TARGETS,
        *folders.TARGETS,
        *environments.TARGETS,
        *made.TARGETS,
        *datasets.TARGETS,
        *clips.TARGETS,
    )
}
