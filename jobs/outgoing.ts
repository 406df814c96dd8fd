export interface Outgoing {
  /** To be written: the guarded fetch and dial. */
  readonly todo: never
}
