import { ChevronRight, RotateCcw } from 'lucide-react';
import type { ModelsHandle } from '../../hooks/useModels';
import type { ParametersHandle } from '../../hooks/useParameters';
import { findModel } from '../../state/models';
import { strings } from '../../strings';
import type { ConnectionMode } from '../../transport/types';
import { PanelHead } from '../ui/PanelHead';
import { ModelField } from './ModelField';
import { EffortField, OptionalFields, type OptionalProps } from './OptionalFields';
import { ParameterField } from './ParameterField';
import { Presets } from './Presets';
import { Sheet } from '../ui/Sheet';
import { SystemPrompt } from './SystemPrompt';
import { ToolChoice } from './ToolChoice';
import { useMediaQuery } from '../ui/useMediaQuery';

export interface RunSettingsProps {
  parameters: ParametersHandle;
  models: ModelsHandle;
  mode: ConnectionMode;
  /** Why the server refused a parameter, by its name. */
  refused: Record<string, string>;
  onModel(model: string): void;
  onConnection(): void;
  onClose(): void;
}

/** How replies are made: beside the thread where there is room, else a sheet over it. */
export function RunSettingsPanel(props: RunSettingsProps) {
  const wide = useMediaQuery('(min-width: 48rem)');
  if (!wide) {
    return (
      <Sheet label={strings.settings.title} closeLabel={strings.settings.close} onClose={props.onClose}>
        <Settings {...props} />
      </Sheet>
    );
  }
  return (
    <aside
      aria-label={strings.settings.title}
      className="flex w-80 shrink-0 flex-col border-s border-line bg-surface print:hidden"
    >
      <PanelHead title={strings.settings.title} closeLabel={strings.settings.close} onClose={props.onClose} />
      <div className="scroll-quiet min-h-0 flex-1 overflow-y-auto">
        <Settings {...props} />
      </div>
    </aside>
  );
}

function Settings({ parameters, models, mode, refused, onModel, onConnection }: RunSettingsProps) {
  const { values, bounds, change } = parameters;
  const model = findModel(models.models?.results ?? [], values.model ?? models.models?.default ?? '');
  const optional = { parameters, models: models.models, model, refused };
  return (
    <div className="flex shrink-0 flex-col gap-6 px-5 pt-4 pb-6">
      <ModelField models={models} value={values.model} onChange={onModel} />
      <EffortField {...optional} />
      <SystemPrompt value={parameters.systemPrompt} onChange={parameters.setSystemPrompt} />
      <ToolChoice value={parameters.tools} onChange={parameters.setTools} />
      <ParameterField
        name={strings.settings.temperature}
        help={strings.settings.temperatureHelp}
        value={values.temperature}
        bounds={bounds.temperature}
        onChange={(temperature) => change({ temperature })}
      />
      <ParameterField
        name={strings.settings.maxTokens}
        help={strings.settings.maxTokensHelp}
        value={values.max_tokens}
        bounds={bounds.max_tokens}
        onChange={(max_tokens) => change({ max_tokens })}
      />
      <Advanced {...optional} />
      <Presets parameters={parameters} />
      <button
        type="button"
        className="button button-quiet"
        disabled={parameters.pristine}
        onClick={() => parameters.reset()}
      >
        <RotateCcw className="size-4" aria-hidden />
        {strings.settings.reset}
      </button>
      <p className="text-xs text-ink-muted">{strings.settings.nextTurn}</p>
      <div className="flex items-center justify-between gap-3 border-t border-line pt-2 text-sm">
        <dl className="flex gap-2">
          <dt className="text-ink-muted">{strings.settings.transport}</dt>
          <dd className="font-medium">{strings.settings.transportName[transport(mode)]}</dd>
        </dl>
        <button type="button" className="link min-h-11" onClick={onConnection}>
          {strings.settings.transportDetails}
        </button>
      </div>
    </div>
  );
}

function Advanced(optional: OptionalProps) {
  const { values, bounds, change } = optional.parameters;
  return (
    <details className="rounded-control border border-line">
      <summary className="flex min-h-11 items-center gap-2 rounded-control px-3 text-sm font-medium hover:bg-sunken">
        <ChevronRight className="turns-when-open size-4 transition-transform" aria-hidden />
        {strings.settings.advanced}
      </summary>
      <div className="flex flex-col gap-6 p-3">
        <ParameterField
          name={strings.settings.topP}
          help={strings.settings.topPHelp}
          value={values.top_p}
          bounds={bounds.top_p}
          onChange={(top_p) => change({ top_p })}
        />
        <OptionalFields {...optional} />
      </div>
    </details>
  );
}

function transport(mode: ConnectionMode): 'socket' | 'rest' | 'none' {
  return mode === 'socket' || mode === 'rest' ? mode : 'none';
}
