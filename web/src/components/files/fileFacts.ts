import { FileCode2, FileImage, FileSpreadsheet, FileText, Presentation, type LucideIcon } from 'lucide-react';
import { formatCount, formatFacts, formatFileSize } from '../../format';
import type { Attachment } from '../../protocol';
import { fileStrings } from '../../strings/files';

/** What is known of a file, whether it is on the server or not. */
export type FileFacts = Pick<Attachment, 'name' | 'size'> & Partial<Pick<Attachment, 'kind' | 'media_type' | 'tokens'>>;

/** Where the bytes are; for images also small ones. */
export function contentUrl(id: string, size?: 'thumb'): string {
  return `/api/files/${id}/content${size ? `?size=${size}` : ''}`;
}

/** Kind, size and tokens, as far as they are known. */
export function fileFacts({ name, size, media_type, tokens }: FileFacts): string {
  const kind = extension(name) || (media_type?.split('/')[1] ?? '');
  return formatFacts([kind.toUpperCase(), size > 0 ? formatFileSize(size) : '', tokens ? fileStrings.tokens(formatCount(tokens)) : '']);
}

const ICONS: [RegExp, LucideIcon][] = [
  [/^(?:png|jpe?g|webp|gif|heic|heif)$/, FileImage],
  [/^(?:xlsx|csv|tsv)$/, FileSpreadsheet],
  [/^pptx$/, Presentation],
  [/^(?:json|html?|xml|ya?ml|toml|css|[cm]?[jt]sx?|py|rb|go|rs|java|kt|c|h|cpp|cs|php|sh|sql)$/, FileCode2],
];

export function fileIcon(name: string): LucideIcon {
  const kind = extension(name);
  return ICONS.find(([kinds]) => kinds.test(kind))?.[1] ?? FileText;
}

/** The end of a name, where it is one that tells the kind. */
function extension(name: string): string {
  return /\.([a-z0-9]{1,5})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
}
