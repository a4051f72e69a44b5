import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Download, MessageSquarePlus, Trash2, X } from 'lucide-react';
import { errorWords, saidError } from '../../errorWords';
import { formatDate, formatFileSize } from '../../format';
import type { Attachment, FilePage } from '../../protocol';
import { draftFiles, MOST_FILES } from '../../state/draftFiles';
import { useFrame } from '../../state/frame';
import { shouldRetry } from '../../state/queries';
import { idInPath, route } from '../../state/route';
import { toast } from '../../state/toasts';
import { fileStrings } from '../../strings/files';
import { api } from '../../transport/api';
import { FileCard } from '../files/FileCard';
import { contentUrl, fileFacts } from '../files/fileFacts';
import { announce } from '../ui/announce';
import { IconButton } from '../ui/IconButton';
import { ModalDialog } from '../ui/ModalDialog';
import { SmallButton } from '../ui/SmallButton';
import { tip } from '../ui/Tooltips';

const words = fileStrings.list;
const close = () => useFrame.setState({ files: false });

/** The person's files: how much room they take, use in the open chat, download, delete. */
export function FilesDialog() {
  const { data, isPending, isError, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['files'],
    queryFn: ({ pageParam, signal }) => api.files(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }: FilePage) => next,
    // Uploads and messages change it.
    staleTime: 0,
    gcTime: 0,
    networkMode: 'always',
    retry: shouldRetry,
  });
  const files = data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <ModalDialog
      label={words.title}
      onClose={close}
      className="m-auto max-h-[85dvh] w-[min(44rem,calc(100%-1.5rem))] overflow-hidden rounded-card open:flex open:flex-col"
    >
      <div className="flex shrink-0 items-center gap-4 border-b border-line py-3 ps-6 pe-3">
        <h2 className="text-lg font-semibold">{words.title}</h2>
        {data && <Room page={data.pages[0]!} />}
        <IconButton icon={X} label={words.close} data-first onClick={close} className="ms-auto" />
      </div>
      <div className="scroll-quiet min-h-48 flex-1 overflow-y-auto overscroll-contain px-3 py-2">
        {isPending && <Waiting />}
        {isError && !data && (
          <div role="alert" className="flex flex-col items-center gap-3 py-14 text-sm">
            <p>{words.failed}</p>
            <button type="button" className="button button-quiet" onClick={() => void refetch()}>
              {words.reload}
            </button>
          </div>
        )}
        {data && files.length === 0 && <p className="px-6 py-16 text-center text-sm text-ink-muted">{words.empty}</p>}
        <ul>
          {files.map((file) => (
            <Row key={file.id} file={file} />
          ))}
        </ul>
        {hasNextPage && (
          <div className="flex justify-center py-3">
            <button type="button" className="button button-quiet" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {words.more}
            </button>
          </div>
        )}
      </div>
      <p className="shrink-0 border-t border-line px-6 py-3 text-xs text-ink-muted">{words.note}</p>
    </ModalDialog>
  );
}

/** From here on the room is as good as used up. */
const NEARLY_FULL = 0.9;

function Room({ page: { used_bytes, quota_bytes } }: { page: FilePage }) {
  const used = formatFileSize(used_bytes);
  if (quota_bytes === null) return <p className="text-xs text-ink-muted">{words.roomAlone(used)}</p>;
  const share = Math.min(1, used_bytes / quota_bytes);
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-muted">
      <span aria-hidden className="h-1.5 w-24 overflow-hidden rounded-full bg-line max-sm:hidden">
        <span
          className={`block h-full rounded-full ${share < NEARLY_FULL ? 'bg-primary' : 'bg-warning'}`}
          style={{ width: `${Math.max(2, share * 100)}%` }}
        />
      </span>
      <p className="tabular-nums">{words.room(used, formatFileSize(quota_bytes))}</p>
    </div>
  );
}

function Waiting() {
  return (
    <div aria-busy className="flex animate-shimmer flex-col gap-2 p-3">
      {[0, 1, 2].map((row) => (
        <div key={row} className="h-14 rounded-control bg-sunken" />
      ))}
    </div>
  );
}

function Row({ file }: { file: Attachment }) {
  const client = useQueryClient();
  const chat = idInPath(route.path());
  const isReady = file.status === 'ready';

  function use() {
    close();
    if (draftFiles(chat!).addStored([file]) > 0) toast(fileStrings.tooMany(MOST_FILES));
    else announce(words.used(file.name));
  }

  async function remove() {
    try {
      await api.deleteFile(file.id);
      announce(words.removed(file.name));
    } catch (error) {
      toast(error instanceof Error ? saidError(error) : words.failed);
    }
    void client.invalidateQueries({ queryKey: ['files'] });
  }

  return (
    <li className="flex items-center gap-3 rounded-control p-2 hover:bg-sunken">
      {file.kind === 'image' && isReady ? (
        <>
          <img
            src={contentUrl(file.id, 'thumb')}
            alt=""
            loading="lazy"
            className="size-10 shrink-0 rounded-control border border-line object-cover"
          />
          <Names file={file} />
        </>
      ) : (
        <FileCard file={file} line={file.error ? errorWords(file.error) : lineOf(file)} isWrong={file.status === 'failed'} />
      )}
      <div className="flex shrink-0 max-sm:-me-2">
        {chat && isReady && <SmallButton icon={MessageSquarePlus} label={words.use} onClick={use} />}
        {file.status !== 'failed' && (
          <a
            href={contentUrl(file.id)}
            download={file.name}
            aria-label={fileStrings.download(file.name)}
            {...tip(fileStrings.download(file.name))}
            className="inline-grid size-8 place-items-center rounded-control text-ink-muted hover:bg-line hover:text-ink pointer-coarse:size-11"
          >
            <Download className="size-4" strokeWidth={1.75} aria-hidden />
          </a>
        )}
        <SmallButton icon={Trash2} label={words.remove(file.name)} onClick={() => void remove()} />
      </div>
    </li>
  );
}

function Names({ file }: { file: Attachment }) {
  return (
    <span className="min-w-0 flex-1">
      <span className="block truncate text-sm font-medium max-sm:break-words max-sm:whitespace-normal" dir="auto" data-tip={file.name}>
        {file.name}
      </span>
      <span className="block truncate text-xs text-ink-muted tabular-nums max-sm:whitespace-normal">{lineOf(file)}</span>
    </span>
  );
}

function lineOf(file: Attachment): string {
  return `${fileFacts(file)} · ${formatDate(file.created_at)}`;
}
