/**
 * The server's settings as command line arguments, so that a new version of the program brings its own to an old cluster. For one
 * program with a handful of processes on a machine that it shares with others.
 */
export function serverSettings({ port, durable }: { port: number; durable: boolean }): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    // a socket's path may have 107 bytes, and a data directory can be deeper
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '128MB',
    effective_cache_size: '1GB',
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    // made for disks that turn is the default, 4
    random_page_cost: 1.1,
    // its compile time is longer than our queries
    jit: 'off',
    synchronous_commit: 'on',
    // no replicas: bulk loads into new tables write no log
    wal_level: 'minimal',
    max_wal_senders: 0,
    wal_compression: 'on',
    max_wal_size: '1GB',
    checkpoint_timeout: '10min',
    // the queue's tables turn over all the time
    autovacuum_naptime: '15s',
    log_checkpoints: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_wal_size: '4GB' }),
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
