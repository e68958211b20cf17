import Foundation
import TestKit
import Testing

@Suite struct MigrateTests {
    @Test func `migrate applies what is missing, and then says that nothing is`() async throws {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL(isMigrated: false) { url in
                let environment = [
                    "FITNESSD_STATE_DIR": folder.path, "FITNESSD_LOG_LEVEL": "warning", "FITNESSD_DATABASE_URL": url,
                ]
                let first = try await DaemonProcess.run("fitnessd", ["migrate"], environment: environment)
                #expect(first.code == 0 && first.output.contains("applied 0001_create_schemas"), "\(first.output)")
                let again = try await DaemonProcess.run("fitnessd", ["migrate"], environment: environment)
                #expect(again.code == 0 && again.output == "nothing to do: the database is up to date\n", "\(again.output)")
            }
        }
    }
}
