/**
 * How long ago something was, as kubectl's columns show it: one or two units, coarser with distance.
 * source: the output of kubectl; k8s.io/apimachinery pkg/util/duration
 */
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const YEAR = 365 * DAY;

/** Below `until` seconds: whole `unit`s and, when `rest` is given, the remainder in that smaller unit. */
interface Step {
  readonly until: number;
  readonly unit: number;
  readonly suffix: string;
  readonly rest?: number;
  readonly restSuffix?: string;
}
const STEPS: readonly Step[] = [
  { until: 2 * MINUTE, unit: 1, suffix: 's' },
  { until: 10 * MINUTE, unit: MINUTE, suffix: 'm', rest: 1, restSuffix: 's' },
  { until: 3 * HOUR, unit: MINUTE, suffix: 'm' },
  { until: 8 * HOUR, unit: HOUR, suffix: 'h', rest: MINUTE, restSuffix: 'm' },
  { until: 2 * DAY, unit: HOUR, suffix: 'h' },
  { until: 8 * DAY, unit: DAY, suffix: 'd', rest: HOUR, restSuffix: 'h' },
  { until: 2 * YEAR, unit: DAY, suffix: 'd' },
  { until: 8 * YEAR, unit: YEAR, suffix: 'y', rest: DAY, restSuffix: 'd' },
  { until: Number.POSITIVE_INFINITY, unit: YEAR, suffix: 'y' },
];

/** `time` is RFC 3339. Times up to a second ahead count as now: clocks differ. */
export function ageOf(time: string, nowMs: number): string {
  const seconds = Math.trunc((nowMs - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds) || seconds < -1) return '<invalid>';
  return duration(Math.max(0, seconds));
}

function duration(seconds: number): string {
  for (const step of STEPS) {
    if (seconds >= step.until) continue;
    const whole = `${Math.floor(seconds / step.unit)}${step.suffix}`;
    if (step.rest === undefined) return whole;
    const rest = Math.floor((seconds % step.unit) / step.rest);
    return rest === 0 ? whole : `${whole}${rest}${step.restSuffix ?? ''}`;
  }
  return '';
}
