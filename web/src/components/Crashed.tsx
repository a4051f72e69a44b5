import { ServerCrash } from 'lucide-react';
import { strings } from '../strings';
import { Shell } from './Shell';
import { StateCard } from './ui/StateCard';

/** The last resort, when the page itself broke. */
export function Crashed() {
  const { title, body, action } = strings.states.crashed;
  return (
    <Shell title="">
      <StateCard icon={ServerCrash} title={title} body={body}>
        <button type="button" className="button button-primary" onClick={() => location.reload()}>
          {action}
        </button>
      </StateCard>
    </Shell>
  );
}
