/** What the control plane has set for this agent; kept on disk, so that it holds without the control plane too. */
import { isObject } from '../../apiserver/api/json.ts';
import type { StateFiles } from './state-files.ts';

export interface AgentSettings {
  readonly reconcileSeconds: number;
  /** Nothing is changed on the plane. */
  readonly paused: boolean;
}

const FILE = 'settings.json';
const DEFAULTS: AgentSettings = { reconcileSeconds: 300, paused: false };

export function loadSettings(files: StateFiles): AgentSettings {
  const stored = files.read(FILE);
  if (stored === undefined) return DEFAULTS;
  try {
    const value: unknown = JSON.parse(stored.toString('utf8'));
    const { reconcileSeconds, paused } = isObject(value) ? value : {};
    return {
      reconcileSeconds: typeof reconcileSeconds === 'number' ? reconcileSeconds : DEFAULTS.reconcileSeconds,
      paused: paused === true,
    };
  } catch {
    return DEFAULTS;
  }
}

export async function saveSettings(files: StateFiles, settings: AgentSettings): Promise<void> {
  await files.write(FILE, Buffer.from(JSON.stringify(settings)));
}
