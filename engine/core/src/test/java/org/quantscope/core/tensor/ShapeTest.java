package org.quantscope.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void anAxisOfAnyLengthIsToldFromOneOfLengthOne() {
        Shape batch = Shape.declared(-1, 3, 1);
        assertThat(batch).hasToString("N×3×1").isNotEqualTo(Shape.of(1, 3, 1));
        assertThat(batch.isFree(0)).isTrue();
        assertThat(batch.isFree(2)).isFalse();
        assertThat(batch.hasFree()).isTrue();
        assertThat(batch.dim(0)).isEqualTo(1);
        assertThat(batch.count()).isEqualTo(3);
        assertThat(Shape.declared(1, 3, 1)).isEqualTo(Shape.of(1, 3, 1)).hasToString("1×3×1");
    }
}
