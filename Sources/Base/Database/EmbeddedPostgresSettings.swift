/// The server's configuration files, written by us at each start. `ALTER SYSTEM` adds to them and survives.
struct EmbeddedPostgresSettings {
    let purpose: EmbeddedPostgres.Purpose

    /// What no `ALTER SYSTEM` may change: no TCP port, and a socket only its owner can open. Arguments win over every file.
    static func arguments(_ layout: EmbeddedPostgresLayout) -> [String] {
        [
            "-D", layout.data, "-c", "config_file=\(layout.cluster)/postgresql.conf",
            "-c", "hba_file=\(layout.cluster)/pg_hba.conf", "-c", "ident_file=\(layout.cluster)/pg_ident.conf",
            "-c", "listen_addresses=", "-c", "port=\(EmbeddedPostgresLayout.port)",
            "-c", "unix_socket_directories=\(layout.socketDirectory)", "-c", "unix_socket_permissions=0700",
        ]
    }

    /// Who can open the socket is decided by its folder (0700); nobody else gets as far as this file.
    static let access = "# Written by fitnessd at each start.\nlocal all all trust\n"

    var configuration: String {
        "# Written by fitnessd at each start: use ALTER SYSTEM for changes of your own.\n" + common
            + (purpose == .lasting ? lasting : throwaway)
    }

    /// Errors are logged without statements and details: those can hold values of rows, positions among them.
    private let common = """
        cluster_name = 'fitnessd'
        timezone = 'UTC'
        log_timezone = 'UTC'
        datestyle = 'iso, ymd'
        lc_messages = 'C'
        log_destination = 'stderr'
        logging_collector = off
        log_line_prefix = '%m [%p] %e '
        log_error_verbosity = terse
        log_min_error_statement = panic
        log_checkpoints = off
        shared_buffers = 128MB
        dynamic_shared_memory_type = posix
        random_page_cost = 1.1
        jit = off

        """

    /// For a machine of 1 to 2 GB that does other work as well. Commits are durable: a token pair used before it is safe is lost.
    private let lasting = """
        max_connections = 60
        effective_cache_size = 512MB
        work_mem = 8MB
        maintenance_work_mem = 64MB
        wal_compression = on
        max_wal_size = 1GB
        checkpoint_timeout = 15min
        autovacuum_vacuum_scale_factor = 0.05

        """

    private let throwaway = """
        max_connections = 300
        fsync = off
        synchronous_commit = off
        full_page_writes = off
        wal_level = minimal
        max_wal_senders = 0
        checkpoint_timeout = 1h
        max_wal_size = 4GB

        """
}
