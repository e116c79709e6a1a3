/** Serves the OpenAPI documents; what is in them is made by `openapi/`. */
import type { Exchange } from './exchange.ts';

export interface OpenApi {
  v2(exchange: Exchange): void;
  v3Root(exchange: Exchange): void;
  v3(exchange: Exchange): void;
}
