import CLibcurl

// The functions that libcurl calls on the loop's thread; `context` is the Transfer, which outlives its handle's stay in the multi.

/// Takes a piece of the body; any number other than the piece's size stops the transfer.
let receiveBody: curl_write_callback = { bytes, size, count, context in
    guard let transfer = transfer(from: context) else { return 0 }
    return transfer.receivedBody(buffer(bytes, size * count)) ? size * count : Int.max
}

/// Takes one header line, with its line end.
let receiveHeader: curl_write_callback = { bytes, size, count, context in
    guard let transfer = transfer(from: context) else { return 0 }
    return transfer.receivedHeader(buffer(bytes, size * count)) ? size * count : Int.max
}

/// Called when the connection stands and before the first byte of a request goes out.
let beforeRequest: curl_prereq_callback = { context, _, _, _, _ in
    guard let transfer = transfer(from: context), transfer.requestBegins() else { return CURL_PREREQFUNC_ABORT }
    return CURL_PREREQFUNC_OK
}

private func transfer(from context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private func buffer(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: UnsafeRawPointer(bytes)?.assumingMemoryBound(to: UInt8.self), count: bytes == nil ? 0 : count)
}
