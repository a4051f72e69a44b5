/**
 * Every sentence of the app in English, by the part of the page that says it; `language/catalogues/`
 * has the same in other languages. Numbers and times are formatted in `format.ts`.
 */
import { translated } from '../language/translation';
import { callTexts } from './calls';
import { composerTexts } from './composer';
import { errorTexts } from './errors';
import { frameTexts } from './frame';
import { settingsTexts } from './settings';
import { threadTexts } from './thread';

export const strings = translated('strings', {
  ...frameTexts,
  ...threadTexts,
  ...composerTexts,
  ...settingsTexts,
  ...callTexts,
  ...errorTexts,
});
