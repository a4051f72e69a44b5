import { useState } from 'react';
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
      <SearchField text={text} onChange={setText} />
      {text.trim() !== '' && query !== '' ? (
        <SearchResults query={query} />
      ) : (
        <ConversationList archived={archived} />
      )}
      <Foot archived={archived} onArchived={turn} />
    </>
  );
}
