// TensorFlow Lite Micro as two functions. OPERATORS and ADD_OPERATORS name what the model needs, so that nothing else is
// linked. ARENA is the size of its memory in bytes.
#include <cstdint>
#include <cstring>
#include <new>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {
alignas(16) uint8_t arena[ARENA];
using Resolver = tflite::MicroMutableOpResolver<OPERATORS>;
alignas(Resolver) uint8_t resolver_memory[sizeof(Resolver)];
alignas(tflite::MicroInterpreter) uint8_t interpreter_memory[sizeof(tflite::MicroInterpreter)];
tflite::MicroInterpreter* interpreter;
}  // namespace

extern "C" size_t tflm_start(const uint8_t* model) {
  auto& resolver = *new (resolver_memory) Resolver();
  ADD_OPERATORS;
  interpreter = new (interpreter_memory) tflite::MicroInterpreter(tflite::GetModel(model), resolver, arena, ARENA);
  return interpreter->AllocateTensors() == kTfLiteOk ? interpreter->arena_used_bytes() : 0;
}

extern "C" bool tflm_predict(const int8_t* x, size_t input_size, int8_t* y, size_t output_size) {
  std::memcpy(interpreter->input(0)->data.int8, x, input_size);
  if (interpreter->Invoke() != kTfLiteOk) return false;
  std::memcpy(y, interpreter->output(0)->data.int8, output_size);
  return true;
}

// The library would print here.
extern "C" void DebugLog(const char*) {}
// Nothing is deleted.
void operator delete(void*) noexcept {}
void operator delete(void*, size_t) noexcept {}
extern "C" void __cxa_pure_virtual() { __builtin_trap(); }
extern "C" void* _sbrk(ptrdiff_t) { return reinterpret_cast<void*>(-1); }
extern "C" void abort() { __builtin_trap(); }
