import Core
import Database
import Foundation
import TestKit
import Testing

@testable import OwnData

/// Archives, read by Python's zipfile.
@Suite struct ZipStreamTests {
    private static let now = Date(timeIntervalSince1970: 1_793_000_000)

    /// What Python says about the archive at `path`.
    private func python(_ script: String, _ path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1])\n" + script, path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `files come back as they were, the empty one and the one of many pieces too`() async throws {
        try await withTemporaryFolder { folder in
            var zip = ZipStream(now: Self.now)
            var archive = zip.begin("empty.txt") + zip.end() + zip.begin("tables/größe.csv")
            for n in 0..<300 { archive += zip.add(Array(repeating: UInt8(n % 256), count: 1_000)) }
            archive += zip.end() + zip.finish()
            let path = folder.appending(path: "a.zip")
            try Data(archive).write(to: path)
            let said = try python(
                """
                assert z.testzip() is None
                big = z.read("tables/größe.csv")
                print(z.namelist(), len(big), big[299000], len(z.read("empty.txt")), z.infolist()[1].date_time)
                """, path.path)
            #expect(said == "['empty.txt', 'tables/größe.csv'] 300000 43 0 (2026, 10, 26, 7, 33, 20)\n", "\(said)")
            #expect(archive.count < 20_000)
        }
    }

    @Test func `an archive beyond 4 GiB ends with the records of ZIP64`() async throws {
        try await withTemporaryFolder { folder in
            // A hole of 5 GiB stands before the archive.
            let offset: UInt64 = 5 << 30
            var zip = ZipStream(now: Self.now, offset: offset)
            let archive = zip.begin("a.txt") + zip.add(Array("hello".utf8)) + zip.end() + zip.begin("b.txt") + zip.end() + zip.finish()
            let path = folder.appending(path: "big.zip").path
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.seek(toOffset: offset)
            try file.write(contentsOf: archive)
            try file.close()
            #expect(try python("print(z.testzip(), z.read('a.txt'), z.infolist()[0].header_offset)", path) == "None b'hello' 5368709120\n")
        }
    }

    @Test func `a table that is too large for one file goes on in the next, each with its header`() async throws {
        try await ReaderFixture.with { fixture in
            try await fixture.owner.query(
                """
                INSERT INTO silver.activity (athlete_id, activity_id, name, has_detail, transform_version)
                SELECT 1, 1000 + n, repeat(md5(n::text), 20), false, 1 FROM generate_series(1, 1000) AS n
                """)
            var export = OwnExport(reader: fixture.reader, clock: .manual(at: Self.now))
            export.fileBytesMax = 200_000
            var archive: [UInt8] = []
            try await export.write(AthleteID(1), showsPlaces: true) { archive += $0 }
            try await withTemporaryFolder { folder in
                let path = folder.appending(path: "a.zip")
                try Data(archive).write(to: path)
                let said = try python(
                    """
                    parts = [n for n in z.namelist() if n.startswith("tables/activity") and "activity_" not in n]
                    rows = [z.read(n).decode().splitlines() for n in parts]
                    assert all(r[0] == rows[0][0] and r[0].startswith("athlete_id,") for r in rows)
                    print(len(parts) > 2, parts[1], sum(len(r) - 1 for r in rows))
                    """, path.path)
                #expect(said == "True tables/activity-2.csv 1005\n", "\(said)")
            }
        }
    }
}
