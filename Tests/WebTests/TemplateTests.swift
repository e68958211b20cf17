import Foundation
import TestKit
import Testing

@testable import Web

@Suite struct TemplateTests {
    private struct Model {
        let title: String
        let text: String
        var command: String?
        var link: WebFrame.Link?
    }

    private func page(_ text: String) throws -> String {
        let pages = try WebPages(shareDirectory: checkout, version: "1.2.3")
        return pages.page(.message, Model(title: text, text: text, command: text), in: WebFrame(title: text, home: "/"))
    }

    @Test func `a value is escaped once, wherever it stands`() throws {
        let html = try page("<b a=\"1\" c='2'>&amp;")
        #expect(html.contains("<title>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;</title>"))
        #expect(!html.contains("<b a") && html.contains("<code>&lt;b a"))
    }

    /// As one character with a combining sign, a quotation mark is another character to Swift, and the same byte to a browser.
    @Test func `a quotation mark with a combining sign ends no attribute`() throws {
        for sign in ["\u{0338}", "\u{0301}", "\u{200D}", "\u{FE0F}"] {
            let html = try page("x\"\(sign) onfocus=alert(1) y<\(sign)img>")
            #expect(!html.contains("x\"") && html.contains("x&quot;\(sign)") && html.contains("y&lt;\(sign)img"))
        }
    }

    @Test func `the frame names its scripts with the version, and holds nothing inline`() throws {
        let pages = try WebPages(shareDirectory: checkout, version: "1.2.3")
        let html = pages.page(
            .message, Model(title: "t", text: "t"),
            in: WebFrame(
                title: "t", home: "/", nav: [.init("Overview", "/", isCurrent: true)], bar: .init(.warn, strong: "Paused.", text: "Why."),
                scripts: ["a.js", "b.js"], button: .init("Sign out", action: "/sign-out", csrf: "c"), foot: ["fitnessd 1.2.3"]))
        #expect(html.contains("<script src=\"/assets/a.js?v=1.2.3\" defer></script>\n<script src=\"/assets/b.js?v=1.2.3\" defer></script>"))
        #expect(html.contains("<div class=\"note warn\" role=\"status\"><p><span class=\"strong\">Paused.</span> Why.</p></div>"))
        #expect(html.contains("<a href=\"/\" aria-current=\"page\">Overview</a>") && html.contains("value=\"c\""))
    }

    // MARK: Faults

    private func withTemplates(_ change: (URL) throws -> Void, _ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "web-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(at: checkout.appending(path: "web"), to: folder.appending(path: "web"))
        try change(folder.appending(path: "web/templates"))
        try body(folder)
    }

    private func error(_ change: @escaping (URL) throws -> Void) throws -> String {
        var text = ""
        try withTemplates(change) { folder in
            let error = #expect(throws: WebError.self) { _ = try WebPages(shareDirectory: folder) }
            text = error?.description ?? ""
        }
        return text
    }

    @Test func `a template that is missing, malformed or names one that is missing is named with what to do`() throws {
        let missing = try error { try FileManager.default.removeItem(at: $0.appending(path: "message.mustache")) }
        #expect(missing.contains("message.mustache is missing") && missing.contains("FITNESSD_SHARE_DIR"))
        let malformed = try error { try Data("one\n{{#a}} never closed".utf8).write(to: $0.appending(path: "message.mustache")) }
        #expect(malformed.contains(#/message\.mustache:2:\d+ is no template/#), "\(malformed)")
        let partial = try error { try Data("{{> nowhere}}".utf8).write(to: $0.appending(path: "message.mustache")) }
        #expect(partial.contains("message.mustache names the template nowhere, which is missing"))
        let unreadable = try error { try Data([0xFF, 0xFE, 0x00]).write(to: $0.appending(path: "message.mustache")) }
        #expect(unreadable.contains("can't be read as UTF-8"))
    }

    // MARK: What may stand in a template

    private static let folder = checkout.appending(path: "web/templates")

    private static var templates: [(name: String, text: String)] {
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".mustache") }.sorted().compactMap { path in
            (try? String(contentsOf: folder.appending(path: path), encoding: .utf8)).map { (path, $0) }
        }
    }

    @Test func `no template has a style, a handler or a script of its own, or names another host`() throws {
        #expect(!Self.templates.isEmpty)
        for (name, text) in Self.templates {
            #expect(!text.contains(#/\sstyle=/#) && !text.contains("<style"), "\(name)")
            #expect(!text.contains(#/\son[a-z]+=/#) && !text.contains("javascript:"), "\(name)")
            #expect(!text.contains(#/<script(?![^>]* (?:src="\/assets\/|type="application\/json"))/#), "\(name)")
            #expect(!text.contains(#/(src|action)="(https?:)?\/\//#), "\(name)")
        }
    }

    /// Each attribute that holds a value stands in quotation marks, which escaping counts on.
    @Test func `each value in an attribute is quoted`() throws {
        for (name, text) in Self.templates { #expect(!text.contains(#/\s[a-z-]+=\{\{/#), "\(name)") }
    }
}
