import { ROOMY, useFrame, WIDE } from '../../state/frame';
import { useMediaQuery } from '../ui/useMediaQuery';

/** Whether the sidebar stands beside the thread: between it and the run settings there must be room. */
export function useSidebarShown(): boolean {
  const wide = useMediaQuery(WIDE);
  const roomy = useMediaQuery(ROOMY);
  const { sidebar, settings } = useFrame();
  return wide && sidebar && (roomy || !settings);
}
