import ArgumentParser
import ControlAPI
import Foundation

struct AdminLinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin-link",
        abstract: "Print the link that opens the operator's pages in a browser, with the right to change things.",
        discussion: """
            The link works once, within ten minutes, in the browser that uses it first. What is done there is recorded under your account, as over \
            the control socket. It is printed on standard output, and how long it holds on standard error.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .customLong("for"), help: "How long you stay signed in, for example 30m, 12h or 7d (at most 30d). Default: 12h.")
    var span: DurationArgument?

    func validate() throws {
        if let span, !AdminLinkRequest.forRange_s.contains(span.seconds) { throw ValidationError("--for must be from 1m to 30d.") }
    }

    func run() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.adminLink), body: AdminLinkRequest(forS: span?.seconds))
        try PageLink.show(bytes, asJSON: options.json)
    }
}

/// A link that begins a session in a browser.
enum PageLink {
    static func show(_ bytes: [UInt8], asJSON: Bool) throws {
        let link: PageLinkMessage = try ControlClient.decoded(bytes)
        if asJSON { return Terminal.print(Terminal.line(bytes)) }
        Terminal.print(link.url)
        let lasts = Phrase.span(Double(link.lastsS))
        Terminal.printError("to be used until \(Phrase.time(link.expiresAt, now: Date())), once; who uses it stays signed in for \(lasts)")
    }
}
