/** The search hit that was opened last, until its place has been shown and left. */
import { create } from 'zustand';

export interface Found {
  conversation: string;
  /** The id, at the server, of the message that matches. */
  message: string;
  query: string;
}

export const useFound = create<{ found: Found | null }>()(() => ({ found: null }));

export function showFound(found: Found | null): void {
  useFound.setState({ found });
}
