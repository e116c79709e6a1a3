/** What went wrong with a call to etcd, sorted by what may have become of it. */
export type FailureKind =
  /** It never left this process. */
  | 'not sent'
  /** etcd answered that it did nothing. */
  | 'refused'
  /** The revision asked for was compacted. */
  | 'compacted'
  /** It was sent and no answer came: it may have happened, or happen yet. */
  | 'unknown';

export class EtcdFailure extends Error {
  override readonly name = 'EtcdFailure';
  readonly kind: FailureKind;
  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
