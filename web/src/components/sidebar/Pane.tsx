import { ArrowLeft } from 'lucide-react';
import { useState } from 'react';
import { aroundStrings } from '../../strings/around';
import { IconButton } from '../ui/IconButton';
import { useDeferred } from './useDeferred';
import { ConversationList } from './ConversationList';
import { Foot } from './Foot';
import { SearchField } from './SearchField';
import { SearchResults } from './SearchResults';
import { useRefresh } from './useRefresh';

/** How long typing must pause before a search is asked for, in milliseconds. */
const PAUSE_MS = 200;

/** Search, the list, and the foot: all of the sidebar that needs the server. */
export function Pane() {
  const [text, setText] = useState('');
  const [archived, setArchived] = useState(false);
  const query = useDeferred(text.trim(), PAUSE_MS);
  useRefresh();
  function turn() {
    setText('');
    setArchived(!archived);
  }
  return (
    <>
      {archived && (
        <div className="mx-2 mt-2 flex shrink-0 items-center gap-1">
          <IconButton icon={ArrowLeft} label={aroundStrings.sidebar.leaveArchived} className="rtl:-scale-x-100" onClick={turn} />
          <h2 className="text-sm font-semibold">{aroundStrings.sidebar.archived}</h2>
        </div>
      )}
      <SearchField text={text} onChange={setText} />
      {text.trim() !== '' && query !== '' ? (
        <SearchResults query={query} />
      ) : (
        <ConversationList archived={archived} />
      )}
      <Foot {...(archived ? {} : { onArchived: turn })} />
    </>
  );
}
