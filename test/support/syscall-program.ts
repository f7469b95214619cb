/** Machine code that calls a number with arguments of -1, and exits with the errno. */
const CODE: Readonly<Partial<Record<NodeJS.Architecture, (number: number) => Buffer>>> = {
  x64: (number) => {
    const code = Buffer.from(
      'b800000000' + // mov eax, number
        '48c7c7ffffffff48c7c6ffffffff48c7c2ffffffff49c7c2ffffffff' + // mov rdi, rsi, rdx, r10, -1
        '0f0589c7f7df' + // syscall; mov edi, eax; neg edi
        'b8e70000000f05', // mov eax, exit_group; syscall
      'hex',
    );
    code.writeUInt32LE(number, 1);
    return code;
  },
  arm64: (number) => {
    const low = 0x52800008 | ((number & 0xffff) << 5);
    const high = 0x72a00008 | ((number >>> 16) << 5);
    // movz w8; movk w8; movn x0 to x3; svc; neg w0, w0; movz w8, exit_group; svc
    const words = [low, high, 0x92800000, 0x92800001, 0x92800002, 0x92800003];
    const code = Buffer.alloc((words.length + 4) * 4);
    for (const [index, word] of [...words, 0xd4000001, 0x4b0003e0, 0x52800bc8, 0xd4000001].entries())
      code.writeUInt32LE(word >>> 0, index * 4);
    return code;
  },
};

const MACHINE: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 62, arm64: 183 };
const ADDRESS = 0x400000n;
const HEADERS = 64 + 56;

/**
 * A static ELF program that makes one system call and exits with its errno, 0 for success. Undefined on other architectures than
 * x86-64 and arm64.
 */
export function syscallProgram(number: number): Buffer | undefined {
  const code = CODE[process.arch]?.(number);
  const machine = MACHINE[process.arch];
  if (code === undefined || machine === undefined) return undefined;
  const program = Buffer.alloc(HEADERS + code.length);
  program.write('7f454c46020101', 'hex');
  program.writeUInt16LE(2, 16); // ET_EXEC
  program.writeUInt16LE(machine, 18);
  program.writeUInt32LE(1, 20);
  program.writeBigUInt64LE(ADDRESS + BigInt(HEADERS), 24); // entry
  program.writeBigUInt64LE(64n, 32); // program headers
  program.writeUInt16LE(64, 52);
  program.writeUInt16LE(56, 54);
  program.writeUInt16LE(1, 56);
  program.writeUInt32LE(1, 64); // PT_LOAD
  program.writeUInt32LE(5, 68); // readable, executable
  program.writeBigUInt64LE(ADDRESS, 80);
  program.writeBigUInt64LE(ADDRESS, 88);
  program.writeBigUInt64LE(BigInt(program.length), 96);
  program.writeBigUInt64LE(BigInt(program.length), 104);
  program.writeBigUInt64LE(0x1000n, 112);
  code.copy(program, HEADERS);
  return program;
}
