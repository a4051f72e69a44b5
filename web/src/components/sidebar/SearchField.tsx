import { Search, X } from 'lucide-react';
import { useRef } from 'react';
import { aroundStrings } from '../../strings/around';
import { IconButton } from '../ui/IconButton';

interface Props {
  text: string;
  onChange(text: string): void;
}

export function SearchField({ text, onChange }: Props) {
  const field = useRef<HTMLInputElement>(null);
  function clear() {
    onChange('');
    field.current?.focus();
  }
  return (
    <div className="relative mx-2 mt-2 shrink-0" role="search">
      <Search className="pointer-events-none absolute start-3 top-3.5 size-4 text-ink-muted" aria-hidden />
      <input
        ref={field}
        type="search"
        aria-label={aroundStrings.sidebar.search}
        placeholder={aroundStrings.sidebar.search}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || text === '') return;
          event.preventDefault();
          clear();
        }}
        className="h-11 w-full appearance-none rounded-control border border-transparent bg-sunken ps-9 pe-11 text-sm hover:border-line focus:border-primary focus:bg-surface [&::-webkit-search-cancel-button]:hidden"
      />
      {text !== '' && (
        <IconButton
          icon={X}
          label={aroundStrings.sidebar.clearSearch}
          className="absolute end-0 top-0 [&_svg]:size-4"
          onClick={clear}
        />
      )}
    </div>
  );
}
