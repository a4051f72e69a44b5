/** JSON of well-formed text: half of a surrogate pair, which no database holds, becomes U+FFFD. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) =>
    typeof field === 'string' ? field.toWellFormed() : field,
  );
}
