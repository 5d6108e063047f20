"""`docs/roles.md`, from the table of rights."""

from collections.abc import Mapping

from store.rights import DATABASE, FUNCTIONS, MEMBERS, RIGHTS, ROLES, SEQUENCES, Right

_HEAD = """<!-- Made by scripts/generate from the code. Change the code, not this file. -->

# Database roles

Each is a group without a login and without a password; `pointsman migrate --print-roles` prints the SQL that makes them
and gives them these rights and no others. [security.md](security.md) says how to use them.

| role | for |
| --- | --- |
"""


def render() -> str:
    """The page as Markdown."""
    roles = "".join(f"| `{role}` | {meaning}{_member_of(role)} |\n" for role, meaning in ROLES.items())
    objects: Mapping[str, tuple[Right, ...]] = {"the database": DATABASE}
    named = {f"`{name}`": rights for name, rights in {**RIGHTS, **SEQUENCES, **FUNCTIONS}.items()}
    head = "| on | " + " | ".join(f"`{role}`" for role in ROLES) + " |\n| --- |" + " --- |" * len(ROLES) + "\n"
    return _HEAD + roles + "\n" + head + "".join(_row(name, rights) for name, rights in {**objects, **named}.items())


def _member_of(role: str) -> str:
    groups = [f"`{group}`" for group, member in MEMBERS if member == role]
    return f" (a member of {', '.join(groups)})" if groups else ""


def _row(name: str, rights: tuple[Right, ...]) -> str:
    cells = [", ".join(right.may for right in rights if right.role == role) for role in ROLES]
    return f"| {name} | " + " | ".join(cells) + " |\n"
