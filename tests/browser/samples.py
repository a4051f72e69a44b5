"""Texts that models write, for the tests and for the pictures."""

CODE = '''```python
def anagrams(words: list[str]) -> dict[str, list[str]]:
    """Group words that are made of the same letters."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault("".join(sorted(word)), []).append(word)
    return {key: group for key, group in groups.items() if len(group) > 1}  # only real groups
```'''

TABLE = """| | SQLite | PostgreSQL | Where it matters most |
|---|---|---|:-:|
| Set-up | none, a file | a server to run and to watch | the first day |
| Writers at once | one | many | a busy team |
| Backups | copy the file | `pg_dump`, or a replica | the worst day |"""

LISTS = """1. Read the error.
2. Read it **again**, slowly.
   - It names the file.
   - It *often* names the line.

- [x] written
- [ ] tested

> Nobody has ever read a log too early."""

HOSTILE = """Before <b>bold</b> <script>alert(1)</script> <img src="https://evil.example/x.png">

![a chart](https://images.example/secret?q=1)

[outside](https://example.org/page) and [bad](javascript:alert(1)) and [data](data:text/html,x)

<iframe src="https://evil.example"></iframe>"""

ANSWER = f"""## Which one?

For a small team **SQLite** goes further than most people think. It differs like this:

{TABLE}

A query is the same in both; this groups words by their letters:

{CODE}

{LISTS}

See [the documentation](https://example.org/docs) for `WAL` mode."""

PROSE = """A **hash table** is an array with a rule for where things go. The rule is a function \
that turns a key, such as a name, into a number, and the number into a place in the array.

To find a name again you do not look through the array. You ask the rule, and look in one place.

Sometimes a second key is sent to a place that is taken. Then both are kept there in a short \
list, and the rule is chosen so that such lists stay short."""

DIAGRAM = """A name becomes a number, and the number a place:

```mermaid
flowchart LR
  name[A name] --> rule{The rule}
  rule --> number[A number]
  number --> place[A place in the array]
  place --> taken{Is it taken?}
  taken -- yes --> list[A short list]
  taken -- no --> found[Found]
  list --> found
```

The list stays short as long as the table is not too full.
"""
