/** One upload, by the one way in which a browser tells how far it is. */
import type { Attachment } from '../protocol';
import { csrfToken } from './api';
import { toError } from './apiError';

/**
 * Uploads a file; `onProgress` gets the share that has left, from 0 to 1. With a temporary chat it
 * goes, unless it is sent.
 */
export type Upload = (
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
  temporaryChat?: string,
) => Promise<Attachment>;

/**
 * Rejects as the other calls do: with an ApiError for an answer that is one, with a TypeError when
 * none came, and with an AbortError when it was given up.
 */
export const upload: Upload = (file, onProgress, signal, temporaryChat) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append('file', file);
    if (temporaryChat) body.append('temporary_chat', temporaryChat);
    request.open('POST', '/api/files/');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', csrfToken());
    request.responseType = 'json';
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
    request.addEventListener('load', () => {
      if (request.status === 201) resolve(request.response as Attachment);
      else reject(toError(request.status, request.response));
    });
    request.addEventListener('error', () => reject(new TypeError('No answer.')));
    request.addEventListener('abort', () => reject(new DOMException('Given up.', 'AbortError')));
    signal.addEventListener('abort', () => request.abort());
    request.send(body);
  });
