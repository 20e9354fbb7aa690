// Runs the compiler of Relay in the current folder, and prints its exit code and what it says.
import { spawnSync } from 'node:child_process';
import compiler from 'relay-compiler';

const { status, stdout, stderr } = spawnSync(compiler, [], { encoding: 'utf8' });
console.log(JSON.stringify({ code: status ?? -1, output: stdout + stderr }));
