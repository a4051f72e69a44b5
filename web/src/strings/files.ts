/** The catalogue's part about files. */
import { translated } from '../language/translation';

const english = {
  attach: 'Add files',
  fromDevice: 'Upload from this device',
  camera: 'Take a photo',
  mine: 'Choose from my files',
  drop: 'Drop files to add them to your message',
  attached: 'Files of this message',
  tooMany: (most: number) => `A message can have at most ${most} files.`,
  waiting: 'Waiting',
  uploading: (share: string) => `Uploading, ${share}`,
  reading: 'Reading',
  tokens: (count: string) => `≈ ${count} tokens`,
  cancel: (name: string) => `Cancel the upload of ${name}`,
  remove: (name: string) => `Remove ${name}`,
  retry: (name: string) => `Upload ${name} again`,
  again: 'Try again',
  open: (name: string) => `Open ${name}`,
  download: (name: string) => `Download ${name}`,
  waitsFor: (name: string) => `Waiting for ${name}`,
  removeFirst: (name: string) => `Remove ${name} to send`,
  noAnswer: 'Upload failed: couldn’t reach the server.',
  gone: 'No longer on the server.',
  lost: 'Not uploaded. Choose it again.',
  inPart: 'Too long to read in full: the model gets the passages that match your question',
  cannotSee: (model: string) => `${model} can’t see images.`,
  use: (model: string) => `Use ${model}`,
  noneSees: 'None of your models can. Remove the images to send.',
  longPaste: (count: string) => `You pasted ${count} characters.`,
  asFile: 'Attach as a file',
  pastedName: 'Pasted text.txt',
  pictureOf: ({ name, alt = '' }: { name: string; alt?: string | undefined }) => (alt === '' ? `Image: ${name}` : alt),
  describe: {
    open: (name: string) => `Describe ${name}`,
    title: 'Image description',
    help: 'For people who can’t see the image. The model doesn’t get it.',
    save: 'Save',
    failed: 'Couldn’t save the description.',
  },

  viewer: {
    name: 'Image viewer',
    close: 'Close',
    previous: 'Previous image',
    next: 'Next image',
    place: (at: string, count: string) => `${at} of ${count}`,
  },

  /** How the model was given the files of a conversation. */
  used: {
    whole: 'Read in full',
    passages: 'Read in part',
    leftOut: 'Not read, doesn’t fit',
    places: (name: string, places: string) => `${name} (${places})`,
    earlier: (count: string) => `${count} from earlier messages`,
    more: (count: string) => `${count} more`,
  },

  /** The person's files. */
  list: {
    title: 'Files',
    close: 'Close',
    room: (used: string, quota: string) => `${used} of ${quota} used`,
    roomAlone: (used: string) => `${used} used`,
    empty: 'No files yet. Files you add to a message appear here.',
    failed: 'Couldn’t load your files.',
    reload: 'Try again',
    more: 'Show more',
    use: 'Use in this chat',
    used: (name: string) => `${name} added to your message`,
    remove: (name: string) => `Delete ${name}`,
    removed: (name: string) => `Deleted ${name}`,
    note: 'A file stays while a message uses it. One that was never sent is deleted after a day.',
  },
} as const;

export const fileStrings = translated('files', english);
