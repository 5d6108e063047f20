"""The front matter: whom a record is about."""

from typing import NamedTuple

from alerts.records.block import closest_key, place_in
from alerts.records.passages import Place
from alerts.records.problem import Problem, problem
from alerts.records.yaml_values import Value
from pointsman_contract.fields import MAX_TEXT
from pointsman_contract.writable import ID, PLACEHOLDER

DEFAULT_ENVIRONMENT = "prod"
REQUIRED = ("id", "route", "candidate", "baseline", "owner")
KEYS = (*REQUIRED, "fallback", "environment")


class FrontMatter(NamedTuple):
    """The values that could be read; '' where one is missing."""

    id: str = ""
    route: str = ""
    candidate: str = ""
    baseline: str = ""
    owner: str = ""
    fallback: str = ""
    environment: str = DEFAULT_ENVIRONMENT

    @property
    def is_complete(self) -> bool:
        """Whether every required value is there."""
        return all(getattr(self, key) for key in REQUIRED)


def read_front_matter(value: Value | None, start: Place) -> tuple[FrontMatter, list[Problem]]:
    """The values, and what is wrong with them. `start` is where the front matter begins, or should."""
    problems: list[Problem] = []
    data = value.data if value is not None and isinstance(value.data, dict) else {}
    read: dict[str, str] = {}
    for key, one in data.items():
        if key not in KEYS:
            told = f"{key} is no key of the front matter; {closest_key(key, list(KEYS))}"
            problems.append(problem("unknown_key", place_in(value, key), told))
            continue
        text, wrong = _text(key, one)
        problems += wrong
        if text:
            read[key] = text
    missing = [key for key in REQUIRED if key not in data]
    problems += [problem("front_matter", start, f"{key} is missing: {_MEANINGS[key]}") for key in missing]
    found = FrontMatter(**read)
    return found, problems + _contradictions(found, value)


_MEANINGS = {
    "id": "the record's own name, which never changes",
    "route": "the route of the router that the record is about",
    "candidate": "the model that is to come",
    "baseline": "the model that is there",
    "owner": "who is told, and decides",
    "fallback": "the model for when the baseline fails too",
    "environment": "prod, or the router's name for another one",
}
_SUCH_AS = {
    "id": "invoices-2026-11",
    "route": "invoices",
    "candidate": "qwen-3.5-72b",
    "baseline": "gpt-5.4",
    "owner": "ml-platform",
    "fallback": "claude-haiku-5",
    "environment": "prod",
}


def _text(key: str, value: Value) -> tuple[str, list[Problem]]:
    place = value.place
    if isinstance(value.data, list | dict):
        # `[e.g., invoices]` is a list in YAML.
        return "", [
            problem(
                "placeholder",
                place,
                f"{key} is a placeholder or a list: write one value, such as {key}: {_SUCH_AS[key]}",
            )
        ]
    text = (value.data or "").strip()
    if not text:
        wanted = [problem("placeholder", place, f"{key} is empty: write {_MEANINGS[key]}")] if key in REQUIRED else []
        return "", wanted
    if PLACEHOLDER.fullmatch(text):
        return "", [problem("placeholder", place, f"{text} is still a placeholder: write {_MEANINGS[key]}")]
    if key == "id" and not ID.fullmatch(text):
        told = "id: expected up to 128 letters, digits, '.', '_' and '-', such as invoices-2026-11"
        return "", [problem("invalid_value", place, told)]
    if len(text) > MAX_TEXT or not text.isprintable():
        return "", [problem("invalid_value", place, f"{key}: expected one line of at most {MAX_TEXT} characters")]
    return text, []


def _contradictions(found: FrontMatter, value: Value | None) -> list[Problem]:
    problems = []
    if found.candidate and found.candidate == found.baseline:
        told = "candidate and baseline are the same model: there would be nothing to decide; name the one that is there"
        problems.append(problem("invalid_value", place_in(value, "candidate"), told))
    if found.fallback and found.fallback in (found.candidate, found.baseline):
        which = "candidate" if found.fallback == found.candidate else "baseline"
        told = (
            f"the fallback is the {which} itself, and it is for when the baseline fails too: name a third model, or"
            " leave it out"
        )
        problems.append(problem("invalid_value", place_in(value, "fallback"), told))
    return problems
