import Foundation
import TestKit
import Testing

@testable import Vault

@Suite struct LockedMemoryTests {
    @Test func `keys are in pages that are locked, not dumped and wiped on fork`() throws {
        let memory = try #require(LockedMemory(byteCount: 64) { $0.copyBytes(from: [UInt8](repeating: 7, count: 64)) })
        let address = memory.withBytes(0..<64) { UInt(bitPattern: $0.baseAddress) }
        let flags = try flags(ofPageAt: address)
        // proc(5), VmFlags: lo locked, dd not dumped, wf wiped on fork; no wr: not writable.
        for flag in ["lo", "dd", "wf"] { #expect(flags.contains(flag)) }
        #expect(!flags.contains("wr"))
        #expect(memory.withBytes(0..<64) { $0.allSatisfy { $0 == 7 } })
    }

    @Test func `memory that can't be locked is not filled or wiped`() {
        let memory = LockedMemory(
            byteCount: 64,
            lock: { _ in
                errno = EPERM
                return false
            }, fill: { _ in Issue.record("keys were written into it") })
        #expect(memory == nil)
        #expect(LockedMemory.refusal() == nil)
        #expect(LockedMemory.refusal(lock: { _ in false }) != nil)
    }

    @Test func `random keys survive a round trip through base64`() throws {
        let seed = modelSeed
        print("seed \(seed)")
        var generator = SeededRandom(seed: seed)
        for count in 1...70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = bytes.withUnsafeBytes(Base64.encode)
            #expect(String(decoding: text, as: UTF8.self) == Data(bytes).base64EncodedString())
            var decoded = [UInt8](repeating: 0, count: count)
            let isDecoded = decoded.withUnsafeMutableBytes { output in text.withUnsafeBytes { Base64.decode($0, into: output) } }
            #expect(isDecoded && decoded == bytes)
        }
    }

    private func flags(ofPageAt address: UInt) throws -> Set<String> {
        // Files of /proc have no size: they are read to their end.
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
        let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self).split(separator: "\n")
        let isThePage: (Substring) -> Bool = { line in
            guard let range = line.split(separator: " ").first?.split(separator: "-"), range.count == 2,
                let start = UInt(range[0], radix: 16), let end = UInt(range[1], radix: 16)
            else { return false }
            return (start..<end).contains(address)
        }
        let first = try #require(maps.firstIndex(where: isThePage))
        let line = try #require(maps[first...].first { $0.hasPrefix("VmFlags:") })
        return Set(line.split(separator: " ").dropFirst().map(String.init))
    }
}
