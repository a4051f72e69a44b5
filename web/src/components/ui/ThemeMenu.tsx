import { Check, Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { strings } from '../../strings';
import { readTheme, THEMES, writeTheme, type Theme } from '../../theme';
import { IconButton } from './IconButton';
import { Menu, MENU_ITEM } from './Menu';

const ICONS = { light: Sun, dark: Moon, system: Monitor };

/** The theme, as a menu of three. */
export function ThemeMenu({ className }: { className?: string }) {
  const [theme, setTheme] = useState(readTheme);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <IconButton
        icon={ICONS[theme]}
        label={strings.header.theme[theme]}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        className={className}
        onClick={(event) => {
          setTheme(readTheme());
          setAnchor(event.currentTarget);
        }}
      />
      {anchor && (
        <Menu label={strings.header.themeMenu} anchor={anchor} onClose={() => setAnchor(null)}>
          <ThemeChoices
            theme={theme}
            onChoose={(next) => {
              setAnchor(null);
              setTheme(next);
            }}
          />
        </Menu>
      )}
    </>
  );
}

/** The three as entries of a menu. */
export function ThemeChoices({ theme, onChoose }: { theme: Theme; onChoose(theme: Theme): void }) {
  return THEMES.map((choice) => {
    const Icon = ICONS[choice];
    return (
      <button
        key={choice}
        type="button"
        role="menuitemradio"
        aria-checked={choice === theme}
        className={MENU_ITEM}
        onClick={() => {
          writeTheme(choice);
          onChoose(choice);
        }}
      >
        <Icon strokeWidth={1.75} aria-hidden />
        <span className="flex-1">{strings.header.themes[choice]}</span>
        {choice === theme && <Check aria-hidden />}
      </button>
    );
  });
}
