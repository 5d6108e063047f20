"""The labelled fields of a section, each with its sentences."""

from alerts.records.parts import Entry, Labelled, Section


def fields_of(section: Section | None) -> tuple[list[Labelled], list[Entry]]:
    """The fields of a section with all sentences below them, and the texts that belong to none."""
    fields: list[Labelled] = []
    prose: list[Entry] = []
    waiting: list[tuple[Entry, Labelled | None, int]] = [
        (entry, None, 0) for entry in (section.entries if section else [])[::-1]
    ]
    while waiting:
        entry, current, depth = waiting.pop()
        if entry.label is not None:
            current = Labelled(entry.label, entry.whole.place(0), is_told=entry.is_told)
            fields.append(current)
            if entry.text.text.strip():
                current.add(entry.text, depth)
        elif current is not None:
            current.add(entry.whole, depth)
        else:
            prose.append(entry)
        waiting += [(child, current, depth + 1) for child in entry.children[::-1]]
    return fields, prose
