import Foundation
import TestKit
import Testing

/// The programs behind PgBouncer.
@Suite struct PooledDatabaseTests {
    /// In transaction mode the sessions of the server stay, with the prepared statements of whoever had them before.
    @Test(.timeLimit(.minutes(1)))
    func `a pooler in transaction mode is refused with the same sentence each time, and nothing is applied`() async throws {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL(isMigrated: false) { url in
                try await PgBouncer.with("transaction", before: url) { pooled in
                    let environment = ["FITNESSD_STATE_DIR": folder.path, "FITNESSD_DATABASE_URL": pooled]
                    for attempt in 1...3 {
                        let refused = try await DaemonProcess.run("fitnessd", ["migrate"], environment: environment)
                        #expect(refused.code == 1)
                        #expect(refused.output.contains("set pool_mode = session for this database"), "\(attempt): \(refused.output)")
                    }
                }
                let direct = ["FITNESSD_STATE_DIR": folder.path, "FITNESSD_DATABASE_URL": url]
                let applied = try await DaemonProcess.run("fitnessd", ["migrate"], environment: direct)
                #expect(applied.code == 0 && applied.output.contains("applied 0001_create_schemas"), "\(applied.output)")
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pooler in session mode serves migrations`() async throws {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL(isMigrated: false) { url in
                try await PgBouncer.with("session", before: url) { pooled in
                    let environment = ["FITNESSD_STATE_DIR": folder.path, "FITNESSD_DATABASE_URL": pooled]
                    let applied = try await DaemonProcess.run("fitnessd", ["migrate"], environment: environment)
                    #expect(applied.code == 0 && applied.output.contains("applied 0001_create_schemas"), "\(applied.output)")
                }
            }
        }
    }
}
