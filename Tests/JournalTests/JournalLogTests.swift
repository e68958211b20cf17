import Core
import Database
import Foundation
import Journal
import Logging
import TestKit
import Testing

@testable import fitnessd

/// What the daemon's log handler sends to the journal.
@Suite struct JournalLogTests {
    /// The entry that `body` logs.
    private func entry(_ body: (Logger) -> Void) async throws -> JournalReceiver.Entry {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let journal = try JournalReceiver(path: path)
            let output = LogOutput(journal: JournalSocket(path: path))
            let logger = Logger(label: "fitnessd") { label in
                var handler = DaemonLogHandler(logLevel: .debug, label: label, format: .journal, output: output)
                handler.metadataProvider = LogContext.metadataProvider
                return handler
            }
            body(logger)
            return try journal.next()
        }
    }

    @Test func `an entry has native fields, one each, and a text without the program's name`() async throws {
        let error = DatabaseError(.constraint, "two\nlines", sqlState: "23505")
        let run = LogID()
        let entry = try await entry { logger in
            LogContext.$current.withValue(LogContext(requestID: LogID("00000000000000ff"), run: run)) {
                logger.log(.warning, "turn failed", error, [.athleteID: AthleteID(42), .endpoint: "streams"])
            }
        }
        #expect(entry["PRIORITY"] == "4" && entry["SYSLOG_IDENTIFIER"] == "fitnessd" && entry["EVENT"] == "turn failed")
        #expect(entry["ATHLETE_ID"] == "42" && entry["ENDPOINT"] == "streams")
        #expect(entry["ERROR_CODE"] == "constraint" && entry["ERROR"] == error.description)
        #expect(entry["RUN"] == run.description && entry["REQUEST_ID"] == "00000000000000ff")
        #expect(entry["CODE_FILE"]?.hasSuffix("JournalLogTests.swift") == true && entry["CODE_LINE"].flatMap { Int($0) } != nil)
        let message = try #require(entry["MESSAGE"])
        #expect(message.hasPrefix("turn failed athlete_id=42 ") && !message.contains("\n"), "\(message)")
        #expect(message.contains("error_code=constraint"))
    }

    @Test func `metadata can't change an entry's text, level or unit`() async throws {
        let entry = try await entry { logger in
            logger.error("an error", metadata: ["message": "other", "PRIORITY": "7", "_pid": "1", "unit": "ssh.service"])
        }
        #expect(entry["PRIORITY"] == "3" && entry["EVENT"] == "an error" && entry["UNIT"] == nil && entry["_PID"] == nil)
        #expect(entry["MESSAGE"]?.hasPrefix("an error ") == true)
    }

    @Test(arguments: [
        (Logger.Level.critical, "2"), (.error, "3"), (.warning, "4"), (.notice, "5"), (.info, "6"), (.debug, "7"),
    ])
    func `levels are the kernel's`(level: Logger.Level, priority: String) async throws {
        let entry = try await entry { $0.log(level: level, "a message") }
        #expect(entry["PRIORITY"] == priority)
    }
}
