/** Health checks as the API server serves them; every process has the same. */
export {
  createHealth,
  type Health,
  type HealthAnswer,
  type HealthCheck,
  type Probe,
} from '../runtime/health.ts';
