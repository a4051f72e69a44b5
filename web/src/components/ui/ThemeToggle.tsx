import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { strings } from '../../strings';
import { nextTheme, readTheme, writeTheme } from '../../theme';
import { IconButton } from './IconButton';

const ICONS = { light: Sun, dark: Moon, system: Monitor };

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(readTheme);
  function turn() {
    const next = nextTheme(theme);
    writeTheme(next);
    setTheme(next);
  }
  return <IconButton icon={ICONS[theme]} label={strings.header.theme[theme]} onClick={turn} />;
}
