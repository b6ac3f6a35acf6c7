"""The error of this room."""


class StudyError(ValueError):
    """A study, model or option that does not exist, or does not fit what the study is."""
