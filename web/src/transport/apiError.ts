/** Errors of the REST API. */
import { errorWords } from '../errorWords';
import { strings } from '../strings';

/** What is wrong, by the field; fields of a field are nested. */
export type Fields = { [name: string]: string | string[] | Fields };

/** What is wrong with a parameter of a refused request, by its name. */
export function parameterErrors(fields: Fields | null | undefined): Record<string, string> {
  const parameters = fields?.['parameters'];
  if (!isObject(parameters)) return {};
  return Object.fromEntries(Object.entries(parameters).map(([name, why]) => [name, [why].flat().join(' ')]));
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly fields: Fields | null;
  /** False for an error page of a proxy: it does not tell what our server did. */
  readonly ours: boolean;

  constructor(
    status: number,
    code: string,
    message: string,
    fields: Fields | null = null,
    ours = true,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.ours = ours;
  }
}

/** Reads an error response; `value` is its body as JSON. */
export function toError(status: number, value: unknown): ApiError {
  const error = isObject(value) ? value['error'] : null;
  if (!isObject(error)) {
    return new ApiError(status, `http_${status}`, strings.errors.http(status), null, false);
  }
  const fields = isObject(error['fields']) ? (error['fields'] as Fields) : null;
  const code = String(error['code']);
  return new ApiError(status, code, errorWords({ code, message: String(error['message']) }), fields);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
