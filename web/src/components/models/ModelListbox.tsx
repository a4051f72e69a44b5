import { Check, Search } from 'lucide-react';
import { useEffect, useId, useMemo, useState, type KeyboardEvent } from 'react';
import type { ModelsHandle } from '../../hooks/useModels';
import { formatFacts } from '../../format';
import type { Model } from '../../protocol';
import { recentModels } from '../../state/modelChoice';
import { findModel, providerName, sameModel, shortName } from '../../state/models';
import { strings } from '../../strings';
import { Marked } from '../ui/Marked';
import { isTouch } from '../ui/pointer';
import { matchesModel, modelFacts, placeOf } from './facts';
import { PlaceDot } from './PlaceDot';
import { PullLink } from './PullModel';

interface Props {
  models: ModelsHandle;
  /** The chosen one. */
  value: string | null;
  label: string;
  /** Below the list. */
  note?: string | undefined;
  onPick(model: string): void;
}

/** So many rows are read at a glance, without a group of recent ones. */
const FEW = 6;
/** Rows that Page Up and Page Down move. */
const PAGE = 6;

interface Group {
  name: string;
  models: Model[];
}

/** The models as one list that typing filters: a combobox whose list is always open. */
export function ModelListbox({ models: handle, value, label, note, onPick }: Props) {
  const id = useId();
  const { models, loading, error, refresh } = handle;
  const [text, setText] = useState('');
  const query = text.trim();
  const groups = useMemo(() => toGroups(models?.results ?? [], query), [models, query]);
  const all = groups.flatMap((group) => group.models);
  const several = new Set(models?.results.map(({ provider }) => provider)).size > 1;
  const chosen = all.findIndex((model) => sameModel(model.id, value ?? ''));
  const gone = query === '' && all.length > 0 && value !== null && value !== '' && chosen === -1;
  const [moved, setMoved] = useState<number | null>(null);
  const at = Math.min(moved ?? (query === '' ? Math.max(0, chosen) : 0), all.length - 1);
  const optionId = (index: number) => `${id}-${index}`;
  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView?.({ block: 'nearest' });
  }, [id, at]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing || all.length === 0) return;
    const last = all.length - 1;
    const to = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at === 0 ? last : at - 1,
      PageDown: Math.min(last, at + PAGE),
      PageUp: Math.max(0, at - PAGE),
    }[event.key];
    if (to !== undefined) setMoved(to);
    else if (event.key === 'Enter') onPick(all[at]!.id);
    else return;
    event.preventDefault();
  }

  return (
    <>
      <div className="flex shrink-0 items-center gap-2.5 border-b border-line px-4">
        <Search className="size-4 shrink-0 text-ink-muted" strokeWidth={1.75} aria-hidden />
        <input
          type="text"
          role="combobox"
          // On a touch screen the keyboard would cover the list.
          data-first={!isTouch() || undefined}
          aria-label={strings.models.search}
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={all.length > 0 ? optionId(at) : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder={strings.models.search}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setMoved(null);
          }}
          onKeyDown={onKeyDown}
          className="h-11 min-w-0 flex-1 bg-transparent text-sm outline-none pointer-coarse:text-base"
        />
      </div>
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={label}
        className="scroll-quiet min-h-0 flex-1 touch-pan-y overflow-y-auto overscroll-contain p-1.5"
      >
        {groups.map((group) => (
          <div key={group.name} role="group" aria-label={group.name}>
            {groups.length > 1 && (
              <p aria-hidden className="px-2.5 pt-2 pb-1 text-xs font-semibold text-ink-muted">
                {group.name}
              </p>
            )}
            {group.models.map((model) => {
              const place = all.indexOf(model);
              return (
                <Option
                  key={model.id}
                  id={optionId(place)}
                  model={model}
                  query={query}
                  provider={several ? providerName(model.provider) : ''}
                  active={place === at}
                  chosen={place === chosen}
                  onPick={() => onPick(model.id)}
                />
              );
            })}
          </div>
        ))}
      </div>
      <div className="shrink-0 text-xs text-ink-muted empty:hidden" aria-live="polite">
        {all.length === 0 && !error && (
          <div className="px-4 pb-4 text-center break-words">
            <p>{loading && !models ? strings.models.loading : query === '' ? strings.models.none : strings.models.noneFound(query)}</p>
            {query !== '' && <PullLink model={query.trim()} />}
          </div>
        )}
        {gone && (
          <div className="border-t border-line px-4 py-2 empty:hidden">
            <PullLink model={shortName(value)} />
          </div>
        )}
        {error && (
          <div role="alert" className="m-1.5 rounded-control bg-danger-soft px-3 py-2 text-ink">
            <p>{error.message || strings.models.failed}</p>
            <button type="button" className="link min-h-9 font-medium" onClick={refresh}>
              {strings.reply.tryAgain}
            </button>
          </div>
        )}
        {note && all.length > 0 && <p className="border-t border-line px-4 py-2.5">{note}</p>}
      </div>
    </>
  );
}

/** Those chosen lately come first, as long as nothing is searched for. */
function toGroups(results: Model[], query: string): Group[] {
  if (query !== '') {
    const matching = results.filter((model) => matchesModel(model, query));
    return matching.length > 0 ? [{ name: strings.models.all, models: matching }] : [];
  }
  const recent =
    results.length > FEW ? recentModels().flatMap((id) => findModel(results, id) ?? []) : [];
  const others = results.filter((model) => !recent.includes(model));
  return [
    { name: strings.models.recent, models: recent },
    { name: recent.length > 0 ? strings.models.others : strings.models.all, models: others },
  ].filter(({ models }) => models.length > 0);
}

interface OptionProps {
  id: string;
  model: Model;
  query: string;
  /** Where there are several. */
  provider: string;
  /** The keyboard is at it. */
  active: boolean;
  chosen: boolean;
  onPick(): void;
}

function Option({ id, model, query, provider, active, chosen, onPick }: OptionProps) {
  const facts = formatFacts([provider, modelFacts(model)]);
  const place = placeOf(model);
  return (
    // The focus stays in the field, which names the active one.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="option"
      aria-selected={chosen}
      data-active={active || undefined}
      onClick={onPick}
      className="flex min-h-11 cursor-pointer items-start gap-2.5 rounded-control px-2.5 py-2 text-sm hover:bg-sunken data-active:bg-primary-soft forced-colors:data-active:outline-2"
    >
      <span className="mt-1.5 flex w-2 shrink-0">
        <PlaceDot remote={model.remote} />
      </span>
      <span className="min-w-0 flex-1">
        <span className="block break-words [overflow-wrap:anywhere]">
          <Marked text={shortName(model.label)} query={query} />
        </span>
        {(facts !== '' || place !== '') && (
          <span className="block text-xs text-ink-muted">
            {place !== '' && <span className={model.remote ? 'text-warning' : undefined}>{place}</span>}
            {place !== '' && facts !== '' && ' · '}
            {facts}
          </span>
        )}
        {model.stale && <span className="block text-xs text-warning">{strings.models.stale}</span>}
      </span>
      <Check className={`mt-0.5 size-4 shrink-0 text-primary ${chosen ? '' : 'invisible'}`} aria-hidden />
    </div>
  );
}
