/** One setting of the server as people may see it: of a secret no more than whether it is set. */
export interface ShownSetting {
  name: string
  group: string
  /** What it is for. */
  does: string
  secret: boolean
  /** Whether the operator has set it. */
  given: boolean
  /** What holds now, by default too; null for secrets and where nothing holds. */
  value: string | null
  /** What is not possible, or not good, as long as it is not set; null where nothing is missing. */
  missing: string | null
  example: string
}
