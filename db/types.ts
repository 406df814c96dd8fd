// Made from the migrations by `npm run schema`; a test compares it with the database.

import type { ColumnType } from "kysely";

export type Generated<T> = T extends ColumnType<infer S, infer I, infer U>
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

export type JobAddressesQuality = "high" | "low" | "medium";

export type JobShardsState = "DONE" | "NEW" | "QUEUED" | "RUNNING" | "WAITING";

export type JobsState = "CANCELLED" | "CANCELLING" | "COMPLETED" | "DELETED" | "FAILED" | "FINISHING" | "PAUSED" | "PAUSING" | "PENDING" | "RUNNING";

export type JobVerificationsDepth = "DNS" | "SMTP" | "SYNTAX";

export type JobVerificationsStatus = "INVALID" | "RISKY" | "UNKNOWN" | "VALID";

export type PagesStatus = "FAILED" | "FETCHED" | "QUEUED" | "SKIPPED";

export type ServiceBatchesState = "DONE" | "FAILED" | "RUNNING" | "SENDING" | "UNCERTAIN";

export type ServiceCallsState = "ANSWERED" | "ASKED" | "FAILED" | "PENDING" | "UNCERTAIN";

export type SightingsQuality = "high" | "low" | "medium";

export type SitemapsStatus = "FAILED" | "QUEUED" | "READ";

export type SuppressionsSource = "FORGOTTEN" | "OBJECTION" | "PERSON" | "UPLOAD";

export type Timestamp = ColumnType<Date, Date | string, Date | string>;

export type UploadsState = "COMPLETE" | "DELETED" | "OPEN";

export type VerdictsDepth = "DNS" | "SMTP" | "SYNTAX";

export type VerdictsStatus = "INVALID" | "RISKY" | "UNKNOWN" | "VALID";

export interface Addresses {
  address: string;
  domain: string;
  first_seen_at: Generated<Timestamp>;
}

export interface CrawlAddresses {
  address: string;
  domain: string;
  job_id: number;
}

export interface CrawlGrants {
  addresses: Generated<number>;
  domain: string;
  granted: Generated<number>;
  job_id: number;
  shard_key: string;
  starved: Generated<boolean>;
  used: Generated<number>;
}

export interface DomainFactHistory {
  asked_at: Timestamp;
  domain: string;
  route: ColumnType<unknown, string, string>;
}

export interface DomainFacts {
  asked_at: Timestamp | null;
  catch_all: boolean | null;
  catch_all_at: Timestamp | null;
  checks: Generated<number>;
  domain: string;
  faults: Generated<number>;
  holds_until: Timestamp | null;
  lease: string | null;
  leased_until: Timestamp | null;
  mx_organisation: string | null;
  route: ColumnType<unknown, string, string> | null;
  worker_id: string | null;
}

export interface Forgettings {
  count: number;
  one: Generated<boolean>;
}

export interface JobAddresses {
  address: string;
  confidence: number;
  domain: string;
  found_at: Timestamp;
  group_id: number;
  job_id: number;
  method: string;
  organisation: string | null;
  person_name: string | null;
  phone: string | null;
  place: number;
  position: string | null;
  quality: JobAddressesQuality;
  reasons: string[];
  snippet: string;
  source_url: string;
  worker_id: string;
}

export interface JobEvents {
  at: Generated<Timestamp>;
  data: Generated<ColumnType<unknown, string, string>>;
  job_id: number;
  seq: number;
  shard_key: string | null;
  type: string;
  worker_id: string | null;
}

export interface JobGroups {
  group_id: number;
  job_id: number;
  step: number;
  worker_id: string | null;
}

export interface Jobs {
  bytes_done: Generated<number>;
  created_at: Generated<Timestamp>;
  done: Generated<number>;
  error_code: string | null;
  error_message: string | null;
  failed: Generated<number>;
  finished_at: Timestamp | null;
  id: Generated<number>;
  idempotency_key: string | null;
  input: ColumnType<unknown, string, string>;
  items: Generated<number>;
  kind: string;
  open_shards: Generated<number>;
  owner: string;
  phase: Generated<string>;
  ran_ms: Generated<number>;
  results: Generated<number>;
  runs_since: Timestamp | null;
  seq: Generated<number>;
  skipped: Generated<number>;
  started_at: Timestamp | null;
  state: Generated<JobsState>;
  steps: Generated<number>;
  succeeded: Generated<number>;
  summary: ColumnType<unknown, string, string> | null;
  title: string;
  total: number | null;
  unsent_shards: Generated<number>;
  updated_at: Generated<Timestamp>;
}

export interface JobSecrets {
  job_id: number;
  name: string;
  sealed: Buffer;
}

export interface JobShards {
  activation: Generated<number>;
  attempts: Generated<number>;
  checkpoint: ColumnType<unknown, string, string> | null;
  crashes: Generated<number>;
  epoch: Generated<number>;
  job_id: number;
  key: string;
  seen: Generated<number>;
  state: Generated<JobShardsState>;
  steps: Generated<number>;
  wait_for: string | null;
  wait_until: Timestamp | null;
  wanted: Generated<number>;
  worker_id: string | null;
}

export interface JobUploads {
  job_id: number;
  upload_id: string;
}

export interface JobVerifications {
  address: string;
  checked_at: Timestamp;
  depth: JobVerificationsDepth;
  domain: string;
  engine: string;
  failed: boolean;
  flags: string[];
  from_store: boolean;
  group_id: number;
  holds_until: Timestamp | null;
  job_id: number;
  place: number;
  position: number;
  reason: string;
  score: number;
  status: JobVerificationsStatus;
  suggestion: string | null;
}

export interface JobWorkers {
  done: Generated<number>;
  job_id: number;
  worker_id: string;
}

export interface Migrations {
  applied_at: Generated<Timestamp>;
  name: string;
  sha256: string;
}

export interface MxConnections {
  lease: string;
  leased_until: Timestamp;
  organisation: string;
  worker_id: string;
}

export interface MxOrganisations {
  closed_until: Timestamp | null;
  closed_why: string | null;
  day_at: Generated<Timestamp>;
  hour_at: Generated<Timestamp>;
  in_day: Generated<number>;
  in_hour: Generated<number>;
  interval_ms: number;
  next_at: Generated<Timestamp>;
  organisation: string;
  refusals: Generated<number>;
}

export interface MxReach {
  connected_at: Timestamp | null;
  failed_at: Timestamp | null;
  organisation: string;
}

export interface Origins {
  address: string | null;
  asked_at: Timestamp | null;
  delay_ms: number;
  latency_ms: number | null;
  lease: string | null;
  leased_by: string | null;
  leased_until: Timestamp | null;
  next_at: Generated<Timestamp>;
  next_lease: string | null;
  next_until: Timestamp | null;
  origin: string;
  slowed_ms: Generated<number>;
}

export interface PageLinks {
  job_id: number;
  links: string;
  url_key: string;
}

export interface PageReads {
  etag: string | null;
  job_id: number;
  last_modified: string | null;
  read_at: Timestamp;
  shard_key: string;
  url_key: string;
}

export interface Pages {
  depth: number;
  domain: string;
  email_count: Generated<number>;
  error_category: string | null;
  error_details: ColumnType<unknown, string, string> | null;
  error_message: string | null;
  expanded_depth: number | null;
  expanded_hops: number | null;
  extract_ms: number | null;
  fetch_ms: number | null;
  fetched_at: Timestamp | null;
  found_at: Generated<Timestamp>;
  generation_id: string | null;
  hops: Generated<number>;
  http_status: number | null;
  id: Generated<number>;
  job_id: number;
  model: string | null;
  parent_url: string | null;
  priority: number;
  service: string | null;
  shard_key: string;
  status: Generated<PagesStatus>;
  tokens_in: number | null;
  tokens_out: number | null;
  url: string;
  url_key: string;
}

export interface ResultFiles {
  job_id: number;
  made_at: Timestamp | null;
  results: Generated<number>;
  run_bytes: Generated<number>;
  seen: Generated<number>;
  size_bytes: Generated<number>;
  took_ms: Generated<number>;
  wanted: Generated<number>;
}

export interface Robots {
  body: Buffer | null;
  expires_at: Timestamp;
  fetched_at: Timestamp;
  http_status: number | null;
  origin: string;
}

export interface SenderAudits {
  audited_at: Timestamp;
  checks: ColumnType<unknown, string, string>;
  helo: string;
  mail_from: string;
  port: number;
}

export interface ServiceBatchAddresses {
  address: string;
  answer: ColumnType<unknown, string, string> | null;
  batch_id: number;
}

export interface ServiceBatches {
  account: string;
  id: Generated<number>;
  job_id: number;
  message: string | null;
  poll_at: Timestamp | null;
  polls: Generated<number>;
  remote_id: string | null;
  sent_at: Timestamp;
  service: string;
  state: Generated<ServiceBatchesState>;
  worker_id: string;
}

export interface ServiceCalls {
  address: string;
  asked_at: Generated<Timestamp>;
  counts: Generated<boolean>;
  ended_at: Timestamp | null;
  id: Generated<number>;
  job_id: number;
  message: string | null;
  service: string;
  state: Generated<ServiceCallsState>;
  worker_id: string;
}

export interface ServicePaces {
  account: string;
  next_at: Generated<Timestamp>;
  paused_until: Timestamp | null;
  paused_why: string | null;
}

export interface Sightings {
  address: string;
  confidence: number;
  found_at: Timestamp;
  job_id: number;
  method: string;
  organisation: string | null;
  person_name: string | null;
  phone: string | null;
  position: string | null;
  quality: SightingsQuality;
  reasons: string[];
  snippet: string;
  source_key: string;
  source_url: string;
  worker_id: string;
}

export interface Sitemaps {
  domain: string;
  hops: number;
  job_id: number;
  level: number;
  named: boolean;
  shard_key: string;
  status: Generated<SitemapsStatus>;
  url: string;
  url_key: string;
}

export interface SuppressionRemovals {
  hash: Buffer;
  id: Generated<number>;
  reason: string;
  removed_at: Generated<Timestamp>;
  removed_by: string;
  since: Timestamp;
  source: string;
}

export interface Suppressions {
  address: string | null;
  forgetting: Generated<boolean>;
  hash: Buffer;
  id: Generated<number>;
  reason: string;
  since: Generated<Timestamp>;
  source: SuppressionsSource;
}

export interface SuppressionSalt {
  one: Generated<boolean>;
  salt: Buffer;
}

export interface UploadParts {
  blob: string;
  size_bytes: number;
  start_byte: number;
  upload_id: string;
}

export interface Uploads {
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  id: string;
  media_type: string | null;
  name: string;
  owner: string;
  received_bytes: Generated<number>;
  size_bytes: number;
  state: UploadsState;
}

export interface VerdictHistory {
  address: string;
  checked_at: Timestamp;
  depth: string;
  engine: string;
  evidence: ColumnType<unknown, string, string> | null;
  facts_at: Timestamp | null;
  failed: boolean;
  flags: string[];
  forced: boolean;
  holds_until: Timestamp | null;
  id: Generated<number>;
  job_id: number | null;
  reason: string;
  score: number;
  status: string;
  suggestion: string | null;
}

export interface Verdicts {
  address: string;
  checked_at: Timestamp;
  checks: Generated<number>;
  depth: VerdictsDepth;
  domain: string;
  engine: string;
  evidence: ColumnType<unknown, string, string> | null;
  facts_at: Timestamp | null;
  failed: boolean;
  flags: string[];
  forced: boolean;
  holds_until: Timestamp | null;
  job_id: number | null;
  reason: string;
  retry_at: Timestamp | null;
  score: number;
  status: VerdictsStatus;
  suggestion: string | null;
  tries: number;
}

export interface VerificationClaims {
  address: string;
  depth: string;
  engine: string;
  lease: string;
  leased_until: Timestamp;
  worker_id: string;
}

export interface VerifyItems {
  address: string | null;
  cells: ColumnType<unknown, string, string> | null;
  domain: string;
  given: string | null;
  job_id: number;
  position: number;
}

export interface VerifyLists {
  began_at: Timestamp;
  columns: string[];
  job_id: number;
  read_as: ColumnType<unknown, string, string>;
  rows_per_shard: number;
}

export interface Workers {
  commit_groups: Generated<number>;
  commit_lag_ms: Generated<number>;
  host: string;
  id: string;
  items_per_second: Generated<number>;
  lock_key: Generated<number>;
  loop_lag_ms: Generated<number>;
  notice_lag_ms: Generated<number>;
  parked: Generated<ColumnType<unknown, string, string>>;
  pid: number;
  running: Generated<number>;
  seen_at: Generated<Timestamp>;
  since: Generated<Timestamp>;
  slots: number;
  steps: Generated<number>;
}

export interface DB {
  addresses: Addresses;
  crawl_addresses: CrawlAddresses;
  crawl_grants: CrawlGrants;
  domain_fact_history: DomainFactHistory;
  domain_facts: DomainFacts;
  forgettings: Forgettings;
  job_addresses: JobAddresses;
  job_events: JobEvents;
  job_groups: JobGroups;
  job_secrets: JobSecrets;
  job_shards: JobShards;
  job_uploads: JobUploads;
  job_verifications: JobVerifications;
  job_workers: JobWorkers;
  jobs: Jobs;
  migrations: Migrations;
  mx_connections: MxConnections;
  mx_organisations: MxOrganisations;
  mx_reach: MxReach;
  origins: Origins;
  page_links: PageLinks;
  page_reads: PageReads;
  pages: Pages;
  result_files: ResultFiles;
  robots: Robots;
  sender_audits: SenderAudits;
  service_batch_addresses: ServiceBatchAddresses;
  service_batches: ServiceBatches;
  service_calls: ServiceCalls;
  service_paces: ServicePaces;
  sightings: Sightings;
  sitemaps: Sitemaps;
  suppression_removals: SuppressionRemovals;
  suppression_salt: SuppressionSalt;
  suppressions: Suppressions;
  upload_parts: UploadParts;
  uploads: Uploads;
  verdict_history: VerdictHistory;
  verdicts: Verdicts;
  verification_claims: VerificationClaims;
  verify_items: VerifyItems;
  verify_lists: VerifyLists;
  workers: Workers;
}
