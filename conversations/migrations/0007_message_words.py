"""The search index over message text, on PostgreSQL: a GIN index over the words of what is complete.

Words are compared as SQLite's index does: without case, accents and punctuation. The function
names what it uses with its schema, so that a dump can be restored.
"""

from django.db import DatabaseError, migrations

# Longer text is found by its beginning: a list of words has to fit into 1 MB.
MOST_CHARACTERS = 200_000
# Punctuation goes first: PostgreSQL would take "and/or" for one word, and "<b>" for none.
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def create(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = connection.ops.quote_name(cursor.fetchone()[0])
        cursor.execute(f"CREATE TEXT SEARCH CONFIGURATION {schema}.message_words (COPY = simple)")
        try:
            # Whoever owns the database may do this since PostgreSQL 13.
            cursor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
        except DatabaseError:
            pass  # then accents count
        else:
            cursor.execute(
                f"ALTER TEXT SEARCH CONFIGURATION {schema}.message_words "
                "ALTER MAPPING FOR word, hword, hword_part WITH unaccent, simple"
            )
        cursor.execute(
            f"""
            CREATE FUNCTION {schema}.message_words(content text) RETURNS tsvector
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
                SELECT to_tsvector(
                    '{schema}.message_words'::regconfig,
                    translate(left(content, {MOST_CHARACTERS}), %s, %s)
                )
            $$
            """,
            [PUNCTUATION, " " * len(PUNCTUATION)],
        )
        # Not in a transaction, so that it can be made while people write.
        cursor.execute(
            f"""
            CREATE INDEX CONCURRENTLY message_words ON conversations_message
            USING gin ({schema}.message_words(content)) WHERE completed_at IS NOT NULL
            """
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS message_words")
            cursor.execute("DROP FUNCTION IF EXISTS message_words(text)")
            cursor.execute("DROP TEXT SEARCH CONFIGURATION IF EXISTS message_words")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0006_usage_and_limits")]
    operations = [migrations.RunPython(create, drop)]
