import { createContext } from 'react';

/** True where nothing is laid out: replies are shown as they were written. */
export const PlainText = createContext(false);
