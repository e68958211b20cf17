import Foundation
import TestKit
import Testing

@testable import Web

@Suite struct AssetTests {
    @Test func `a library of the system is served, and one that is missing is named by its package`() async throws {
        try await withTemporaryFolder { folder in
            let without = try WebAssets(shareDirectory: checkout, system: folder)
            #expect(without.missingPackages == ["libjs-chart.js", "libjs-leaflet"])
            #expect(without.files.contains { $0.name == "style.css" && $0.type == "text/css; charset=utf-8" })
            let place = folder.appending(path: "chart.js", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("chart".utf8).write(to: place.appending(path: "chart.min.js"))
            let with = try WebAssets(shareDirectory: checkout, system: folder)
            #expect(with.missingPackages == ["libjs-leaflet"])
            #expect(with.files.first { $0.name == "chart.js" }?.bytes == Array("chart".utf8))
        }
    }

    @Test func `without our own style sheet there are no pages`() async throws {
        try await withTemporaryFolder { folder in
            let error = #expect(throws: WebError.self) { _ = try WebAssets(shareDirectory: folder) }
            #expect(error?.description.contains("web/assets/style.css is missing") == true)
        }
    }

    /// WCAG 2.2, 1.4.3: the style sheet's own colours, text on the grounds on which it stands.
    @Test func `text has a contrast of 4.5 on each ground, in light and in dark`() throws {
        let css = try String(contentsOf: checkout.appending(path: "web/assets/style.css"), encoding: .utf8)
        let schemes = css.matches(of: #/:root \{(?s)(.*?)\}/#).prefix(2).map { block in
            Dictionary(block.1.matches(of: #/(--[a-z0-9-]+): #([0-9a-f]{6})/#).map { (String($0.1), String($0.2)) }) { first, _ in first }
        }
        #expect(schemes.count == 2)
        let pairs =
            ["--text", "--text-2", "--text-3", "--accent", "--bad"].flatMap { text in
                ["--bg", "--surface", "--sunken"].map { (text, $0) }
            } + [
                ("--ok", "--ok-bg"), ("--warn", "--warn-bg"), ("--bad", "--bad-bg"), ("--accent", "--info-bg"), ("--on-accent", "--accent"),
            ]
        for scheme in schemes {
            for (text, ground) in pairs {
                let (one, other) = (try #require(scheme[text]), try #require(scheme[ground]))
                #expect(Self.contrast(one, other) >= 4.5, "\(text) on \(ground): \(Self.contrast(one, other))")
            }
        }
    }

    private static func contrast(_ one: String, _ other: String) -> Double {
        let (a, b) = (luminance(one), luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    private static func luminance(_ hex: String) -> Double {
        let value = Int(hex, radix: 16) ?? 0
        let parts = [value >> 16 & 255, value >> 8 & 255, value & 255].map { part -> Double in
            let share = Double(part) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
}
