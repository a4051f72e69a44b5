/** For tests: files as the server tells of them. */
import type { Attachment } from '../protocol';
import { AT } from './scripted';

export function attachment(id: string, changes: Partial<Attachment> = {}): Attachment {
  return {
    id,
    name: `${id}.txt`,
    alt: '',
    kind: 'document',
    media_type: 'text/plain',
    size: 1200,
    width: null,
    height: null,
    tokens: 300,
    status: 'ready',
    error: null,
    created_at: AT,
    ...changes,
  };
}
