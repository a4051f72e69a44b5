/**
 * Tells zod, which the AI SDK brings along, to validate without compiling code: its probe for
 * `new Function` would be reported by the page's policy. Must run before any schema is made.
 */
import { config } from 'zod/v4/core';

config({ jitless: true });
